"""``tearless.shape_of``: what an expression over shapes gives, step by step, or the clash drawn with what mends it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tearless.core import InputError, Number, quoted, visible
from tearless.core.amounts import in_bytes
from tearless.linear_algebra.shapes import Named, Shape, Size, drawn, product, written
from tearless.linear_algebra.shapes.expression import Evaluated, evaluated, total_products
from tearless.linear_algebra.shapes.language.values import Step
from tearless.report.answer import Answer, Block, Table
from tearless.report.report import Report

from .seen_shapes import report_on

LONGEST_STEP = 28
"""Characters of a step beyond which what came before stands in it by its number."""
MOST_OF_A_STEP = 30
MOST_GIVEN = 12
NAMES = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX"}


def shape_of(expression: str, *, library: str | None = None) -> Report:
    """What an expression over shapes gives, or where it does not go through and what would mend it.

    An array is declared where its name is first used, ``A(100, 50)``, with sizes that are numbers or names, and stands
    for itself afterwards. Operators, brackets, methods, functions and layers are those of NumPy and PyTorch, and ``;``
    parts statements. ``library`` ("numpy", "torch", "jax") decides where they differ; it is seen from the words if not
    given. The numbers of the report: ``axes`` and ``entries`` of the result, ``multiply_adds``. Nothing is executed.

    Raises ``InputError``, the place marked, for what cannot be read and for names that are not known.

    >>> report = shape_of("A(100, 50) @ B(50, 30) + c(30)")
    >>> report.answer.verdict, int(report["multiply_adds"].value)
    ('`A(100, 50) @ B(50, 30) + c(30)` gives (100, 30)', 150000)
    >>> [finding.name for finding in shape_of("A(100, 50) @ B(40, 30)").findings]
    ['shape-clash']
    """
    if not isinstance(expression, str):
        got = quoted(repr(expression)[:60])
        raise InputError(f'expression: expected a text such as "A(2, 3) @ B(3, 4)", got {got}; give one')
    found = evaluated(expression, library)
    entries = list(found.entries())
    count = len(entries)
    label = f"an expression of {count:,} operation{'' if count == 1 else 's'}"
    return report_on(entries, label, lambda: answer(found))


def answer(found: Evaluated) -> Answer:
    """The answer to an expression."""
    blocks: tuple[Block, ...] = ()
    if found.clash is not None and (drawing := drawn(found.clash)):
        blocks = (Block("", tuple(drawing.splitlines())),)
    tables = (_table(found.steps),) if found.steps else ()
    return Answer(_verdict(found), tuple(_said(found)), _numbers(found), tables, blocks=blocks)


def _verdict(found: Evaluated) -> str:
    if found.clash is not None:
        return f"{_code(found.stopped_at)} does not go through"
    return f"{_code(found.text)} gives {_result(found)}"


def _code(text: str) -> str:
    """Code in a sentence, at most two lines of it."""
    return f"`{visible(' '.join(text.split()), 120).replace('`', 'ʼ')}`"


def _result(found: Evaluated) -> str:
    return ", ".join(map(written, found.shapes)) if found.shapes else found.said


def _said(found: Evaluated) -> Iterator[tuple[str, str]]:
    if found.clash is not None:
        for i, mend in enumerate(found.mends):
            gives = f" gives {mend.gives}" if mend.gives else " lets it through, and a later operation clashes"
            yield "write" if i == 0 else "or", f"{_code_of_repair(mend.code)}{gives}: {visible(mend.because)}"
    if found.declared:
        shapes = [f"{visible(name, 40)} {written(shape)}" for name, shape in found.declared[:MOST_GIVEN]]
        more = len(found.declared) - MOST_GIVEN
        yield "given", ", ".join(shapes) + (f" and {more:,} more" if more > 0 else "")
    if found.shapes:
        yield "size", _size(found)
    yield "rules", _rules(found)


def _code_of_repair(code: str) -> str:
    return f"`{visible(' '.join(code.split())).replace('`', 'ʼ')}`"


def _size(found: Evaluated) -> str:
    entries = _entries(found)
    numbers = f"{_counted(entries)} number{'' if entries == 1 else 's'}"
    memory = f", {in_bytes(entries * 4)} as float32" if isinstance(entries, int) else ""
    costs = total_products(found)
    return f"{numbers}{memory}" + (f"; {_counted(costs)} multiply-adds" if costs is not None else "")


def _rules(found: Evaluated) -> str:
    if not found.library:
        return "NumPy and PyTorch agree"
    return f"those of {NAMES[found.library]}" + (f"; {visible(found.note)}" if found.note else "")


def _counted(size: Size) -> str:
    return re.sub(r"\d{4,}", lambda found: f"{int(found[0]):,}", str(size))


def _entries(found: Evaluated) -> Size:
    total: Size = 0
    for shape in found.shapes:
        total = total + product(shape)
    return total


def _numbers(found: Evaluated) -> dict[str, Number]:
    costs, entries = total_products(found), _entries(found)
    numbers = {
        "operations": Number(len(found.steps), "operations", "that went through"),
        "multiply_adds": Number(_plain(costs), "multiply-adds", "of all products, layers and convolutions"),
    }
    if found.shapes:
        numbers["axes"] = Number(len(found.shapes[0]), "axes", "of the result")
        numbers["entries"] = Number(_plain(entries), "numbers", "in the result")
    return numbers


def _plain(size: Size | None) -> float | None:
    return None if size is None or isinstance(size, Named) else float(size)


def _table(steps: tuple[Step, ...]) -> Table:
    """The steps, the smallest part of the expression first."""
    costs = any(step.products is not None for step in steps)
    rows = []
    for i, step in enumerate(steps):
        gives = visible(_shapes(step.gives))
        cost = _counted(step.products) if step.products is not None else ""
        rows.append((f"#{i + 1}", _short(steps, i), gives, *((cost,) if costs else ())))
    heads = ("", "step", "gives", *(("multiply-adds",) if costs else ()))
    return Table("Step by step", heads, tuple(rows))


def _shapes(gives: tuple[Shape, ...]) -> str:
    if len(gives) > 1 and len(set(gives)) == 1:
        return f"{len(gives)} of {written(gives[0])}"
    return ", ".join(map(written, gives[:4])) + (" ..." if len(gives) > 4 else "")


def _short(steps: tuple[Step, ...], i: int) -> str:
    """The text of a step; where it is long, what earlier steps gave stands in it by their numbers."""
    text = steps[i].text
    for k in sorted(range(i), key=lambda k: (-len(steps[k].text), -k)):
        if len(text) <= LONGEST_STEP:
            break
        inner = steps[k].text
        if len(inner) > 4 and inner != text:
            text = text.replace(f"({inner})", f"#{k + 1}").replace(inner, f"#{k + 1}")
    return visible(text, MOST_OF_A_STEP)
