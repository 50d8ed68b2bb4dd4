"""Why a traced run ended: the explanation of its error, with names in the place of the primes that stood for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tearless.core import InputError, quoted, visible
from tearless.integrations.shapes.explain import explained
from tearless.linear_algebra.shapes import Clash, Edit, Explanation, Operand, Shape, Where, results

from .fake import Unknowable
from .places import LIBRARYS, USERS, kind_of, place_of
from .step_words import own_words
from .symbols import Fits

if TYPE_CHECKING:
    from .several import Runs


def line_of(error: BaseException | None) -> Where | None:
    """The innermost line of the user's that the error passed through; that of an installed library without one."""
    found: dict[int, Where] = {}
    link = error.__traceback__ if error is not None else None
    while link is not None:
        code = link.tb_frame.f_code
        kind = kind_of(code.co_filename)
        if kind in (USERS, LIBRARYS):
            found[kind] = place_of(code, link.tb_lasti)
        link = link.tb_next
    return found.get(USERS) or found.get(LIBRARYS)


def explanation_of(errors: Sequence[BaseException], fits: Fits) -> Explanation | None:
    """The explanation of the first error. The others are of the same model at other sizes: they tell the names.

    Without them, or where they ended elsewhere, sizes stay the plain numbers of the first run.
    """
    found = [explained(error) for error in errors]
    first = found[0] if found else None
    if first is None:
        return None
    if _of_meta_alone(first):
        return None
    first = on_claimed_device(first)
    others = [one for one in found if one is not None]
    if len(others) < len(fits.at) or not fits.names:
        return first
    return _with_names(first, others, fits) or first


def _of_meta_alone(one: Explanation) -> bool:
    """Whether it is a clash of devices with ``meta``, which is none of the user's: tensors are there for the trace."""
    operation = one.clash.operation
    return one.clash.kind == "device" and operation is not None and any(o.device == "meta" for o in operation.operands)


def on_claimed_device(one: Explanation) -> Explanation:
    """The same without ``meta``, where no tensor of the user's is."""
    operation = one.clash.operation
    if operation is not None:
        operands = tuple(replace(o, device="" if o.device == "meta" else o.device) for o in operation.operands)
        one.clash.operation = replace(operation, operands=operands)
    return one


def _with_names(first: Explanation, all_of: Sequence[Explanation], fits: Fits) -> Explanation | None:
    operations = [one.clash.operation for one in all_of]
    if any(one is None for one in operations):
        return None
    asked = [one for one in operations if one is not None]
    if len({(one.rule, len(one.operands), str(one.settings)) for one in asked}) != 1:
        return None
    operands: list[Operand] = []
    for column in zip(*(one.operands for one in asked), strict=True):
        shape = _shape([one.shape for one in column], fits)
        if shape is None:
            return None
        operands.append(replace(column[0], shape=shape, device="" if column[0].device == "meta" else column[0].device))
    operation = replace(asked[0], operands=tuple(operands))
    try:
        results(operation)
    except Clash as clash:
        same = len(clash.repairs) == len(first.clash.repairs)
        edits = tuple(_without_primes(edit, fits) for edit in first.edits) if same else ()
        return replace(first, clash=clash.of(operation), edits=edits, message="")
    except (KeyError, ValueError, TypeError):
        return None
    return None


def _shape(shapes: Sequence[Shape], fits: Fits) -> Shape | None:
    if len({len(shape) for shape in shapes}) != 1:
        return None
    columns = [[int(size) if isinstance(size, int) else -1 for size in column] for column in zip(*shapes, strict=True)]
    sizes = [fits.size(column) for column in columns]
    return None if any(size is None for size in sizes) else tuple(size for size in sizes if size is not None)


def _without_primes(edit: Edit | None, fits: Fits) -> Edit | None:
    """An edit, unless a number in it is one of the run and of no other."""
    if edit is None:
        return None
    values = set(fits.at[0].values())
    numbers = {int(text) for text in re.findall(r"\d{1,18}", edit.new)}
    return None if any(number and value and number % value == 0 for number in numbers for value in values) else edit


def refusal_of(runs: Runs, name: str) -> InputError | None:
    """What is said of a run that ended in an error that no rule of shapes explains; ``None`` for others.

    Code that only data can lead further is no error of the model: what was seen until there is shown.
    """
    error = runs.shown.traced.error
    if error is None or isinstance(error, Unknowable):
        return None
    where = line_of(error)
    at = f" at {where}: {visible(where.code, 120)}" if where is not None else ""
    last = next((call for call in reversed(list(runs.shown.traced.layers())) if not call.ended), None)
    inside = f" in {quoted(last.path)} ({last.type})" if last is not None and last.path else ""
    primes = {str(value): key for key, value in runs.shown.traced.symbols.items()}
    said = visible(re.sub(r"\d+", lambda found: primes.get(found[0], found[0]), str(error)), 300)
    return InputError(
        f"model: {quoted(name)} could not be traced{inside}{at}: {type(error).__name__}{': ' + said if said else ''}; "
        "mend that line, or give an input that it goes through with"
    )


def explained_run(runs: Runs) -> Explanation | None:
    """The explanation of a run that ended early."""
    error = runs.shown.traced.error
    if error is None or isinstance(error, Unknowable):
        return None
    known = own_words(error, runs.shown.traced)
    if known is not None:
        return known
    laws = runs.laws
    if laws is None:
        return explanation_of([error], Fits([{}]))
    errors = [ran.traced.error for ran in laws.runs]
    return explanation_of([one for one in errors if one is not None], laws.fits)
