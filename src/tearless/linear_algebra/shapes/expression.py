"""Expressions over shapes: what ``"A(100, 50) @ B(50, 30) + c(30)"`` gives step by step, or where it stops.

An array is declared where its name is first used, ``A(100, 50)``; sizes are numbers or names. Operators, methods,
functions and layers are those of NumPy and PyTorch, in either spelling. Nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tearless.core import InputError, quoted

from .explanation import Explanation, entry_of
from .language.evaluating import Evaluating
from .language.lookup import DTYPES, PREFIXES, only_in
from .language.mending import mendings
from .language.values import Array, Layer, Step, Stopped, Word
from .operation import Clash, Operation, Place
from .parsing import Node, Statement, parsed
from .size import Named, Shape, Size, written

LIBRARIES = ("numpy", "torch", "jax")
MOST_REPAIRS = 5
LONG = 2_000
"""Characters from which on fewer repairs are tried, each from the first word to the last."""
DIFFERENCES = frozenset(["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
"""Losses that stretch prediction and target against each other where their shapes differ."""
_ON_PURPOSE = re.compile(r"\bNone\b|newaxis|unsqueeze|expand_dims|keepdim|outer|meshgrid|cdist")


@dataclass(frozen=True, slots=True)
class Mend:
    """A repair as the whole expression anew, ``code``: what it gives, and ``because``, what one takes for granted.

    One of the ``mends`` of ``Evaluated``.
    ``gives`` is empty where the repaired operation goes through and a later one does not.
    """

    code: str
    because: str
    gives: str = ""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an expression gives. ``shapes`` are those of its result; empty where ``clash`` is.

    Made by ``evaluated`` of a ``text``. ``library`` is the one by whose rules it goes; empty where NumPy and PyTorch
    agree, and ``note`` says where they do not. ``steps`` went through, in order; ``mends`` are the repairs, the best
    first; ``declared`` are the arrays by name; ``reduced`` names the reduction that takes all of a step's result.

    >>> evaluated("A(2, 3).T").goes_through
    True
    """

    text: str
    library: str
    steps: tuple[Step, ...] = ()
    shapes: tuple[Shape, ...] = ()
    said: str = ""
    """The result in words, where it is no array."""
    clash: Clash | None = None
    stopped_at: str = ""
    """The operation that clashes, as it is written."""
    layer_type: str = ""
    origins: tuple[str, ...] = ()
    """Where the sizes that clash come from, a sentence each."""
    mends: tuple[Mend, ...] = ()
    note: str = ""
    declared: tuple[tuple[str, Shape], ...] = ()
    reduced: tuple[tuple[int, str], ...] = ()

    @property
    def goes_through(self) -> bool:
        """Whether every operation does."""
        return self.clash is None

    def entries(self) -> Iterator[dict[str, Any]]:
        """The operations as entries of the fact ``Seen``, the one that clashes last."""
        reduced = dict(self.reduced)
        for i, step in enumerate(self.steps):
            more = {"reduced": reduced[i]} if i in reduced else {}
            explicit = bool(_ON_PURPOSE.search(step.text))
            yield entry_of(step.operation, step.gives, **more, explicit=explicit)
            if (met := _met_in_a_loss(step)) is not None:
                yield entry_of(met, reduced=str(step.operation.settings["name"]), explicit=explicit)
        if self.clash is not None:
            entry = Explanation(self.clash, layer_type=self.layer_type, origins=self.origins).entry()
            repairs = [{"code": m.code, "at": "", "because": m.because, "gives": m.gives} for m in self.mends]
            yield {**entry, "code": self.stopped_at, "clash": {**entry["clash"], "repairs": repairs}}


def _met_in_a_loss(step: Step) -> Operation | None:
    """The difference that a loss takes of arrays of different shapes, where it goes through."""
    operation = step.operation
    if operation.rule != "loss" or operation.settings.get("name") not in DIFFERENCES or len(set(operation.shapes)) < 2:
        return None
    return Operation("broadcast", operation.operands[:2], {"symbol": "-"}, (Place(0), " - ", Place(1)))


def evaluated(text: str, library: str | None = None) -> Evaluated:
    """What an expression over shapes gives, or the clash that stops it.

    ``library`` (``numpy``, ``torch`` or ``jax``) is seen from the words where it is not given; where both NumPy and
    PyTorch have them all, both are asked. Raises ``InputError`` with a caret for what cannot be read or is not known.

    >>> evaluated("A(100, 50) @ B(50, 30) + c(30)").shapes
    ((100, 30),)
    >>> evaluated("x(32, 784) @ w(10, 784)").mends[0]
    Mend(code='x(32, 784) @ w(10, 784).T', because='w is kept as (out, in)', gives='(32, 10)')
    """
    if library is not None and library not in LIBRARIES:
        got = quoted(repr(library))
        raise InputError(f"library: expected numpy, torch or jax, got {got}; leave it out to have it seen")
    statements = parsed(text)
    chosen = library or library_of(statements)
    if chosen:
        return _mended(*_run(text, statements, chosen))
    return _in_both(text, statements)


def library_of(statements: Sequence[Statement]) -> str:
    """The library whose words are used; empty where NumPy and PyTorch both have them all.

    >>> library_of(parsed("x(2, 3).unsqueeze(0)")), library_of(parsed("np.sum(x(2, 3))")), library_of(parsed("x(2).T"))
    ('torch', 'numpy', '')
    """
    votes = [vote for one in statements for node in _nodes(one.value) if (vote := _vote(node))]
    if not votes:
        return ""
    if "jax" in votes:
        return "jax"
    return "torch" if votes.count("torch") >= votes.count("numpy") else "numpy"


def _nodes(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += one.inner


def _vote(node: Node) -> str:
    """The library that alone writes so; empty where more do."""
    if node.kind == "keyword":
        return {"dim": "torch", "keepdim": "torch", "axis": "numpy", "keepdims": "numpy"}.get(node.value, "")
    if node.kind == "attribute":
        of = node.parts[0]
        if of is not None and of.kind == "name" and of.value in PREFIXES:
            return PREFIXES[of.value]
        return only_in(node.value) if node.value not in ("size", "shape", "ndim", "dim") else ""
    if node.kind == "call" and node.parts[0] is not None and node.parts[0].kind == "attribute":
        return {"size": "torch"}.get(node.parts[0].value, "")
    if node.kind == "call" and node.parts[0] is not None and node.parts[0].kind == "name":
        sizes = all(part is not None and part.kind in ("number", "name") for part in node.parts[1:])
        name = node.parts[0].value
        return only_in(name) if not sizes or name[:1].isupper() else ""
    return ""


def _run(text: str, statements: Sequence[Statement], library: str) -> tuple[Evaluated, Evaluating, Stopped | None]:
    """The statements, one after another, until one does not go through."""
    run = Evaluating(text, library)
    value: Any = None
    stopped = None
    try:
        for statement in statements:
            value = run.statement(statement)
    except Stopped as one:
        stopped = one
    found = Evaluated(
        text,
        library,
        tuple(run.steps),
        declared=tuple((name, array.shape) for name, array in run.declared.items()),
        reduced=tuple(run.reduced.items()),
    )
    if stopped is not None:
        layer = stopped.layer.type if stopped.layer else ""
        at = stopped.label or run.short(*stopped.node.place)
        origins = stopped.origins
        return replace(found, clash=stopped.clash, stopped_at=at, layer_type=layer, origins=origins), run, stopped
    shapes = tuple(_shapes(value))
    return replace(found, shapes=shapes, said="" if shapes else _said(value)), run, None


def _shapes(value: Any) -> Iterator[Shape]:
    """The shapes of a result: of an array, or of several."""
    if isinstance(value, Array):
        yield value.shape
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _shapes(one)


def _said(value: Any) -> str:
    match value:
        case Layer():
            return f"the layer {value.type}; call it with an array"
        case Word():
            return f"the name {value.name}" if value.name in DTYPES else f"the function {value.name}; call it"
        case tuple() | list():
            return written(tuple(value)) if all(isinstance(one, (int, Named)) for one in value) else str(value)
        case _:
            return str(value)


def _in_both(text: str, statements: Sequence[Statement]) -> Evaluated:
    """Text that both libraries can read: by the rules of both, with a word where they differ."""
    try:
        plain = _run(text, statements, "")
    except InputError as refusal:
        try:
            return _mended(*_run(text, statements, "torch"))
        except InputError:
            raise refusal from None
    try:
        torch = _run(text, statements, "torch")
    except InputError:
        return _mended(*_run(text, statements, "numpy"))
    if plain[0].shapes == torch[0].shapes and plain[0].said == torch[0].said:
        return _mended(*plain)
    numpy = _run(text, statements, "numpy")
    if numpy[0].shapes == torch[0].shapes and numpy[0].said == torch[0].said:
        return _mended(*numpy)
    if torch[0].goes_through and not numpy[0].goes_through:
        return replace(_mended(*torch), note=f"this is PyTorch's; {_other('NumPy', numpy[0])}")
    return replace(_mended(*numpy), note=f"this is NumPy's; {_other('PyTorch', torch[0])}")


def _other(name: str, found: Evaluated) -> str:
    if found.clash is not None:
        return f"{name} refuses it: {found.clash.says}"
    return f"{name} gives {', '.join(map(written, found.shapes)) or found.said}"


def _mended(found: Evaluated, run: Evaluating, stopped: Stopped | None) -> Evaluated:
    """With the repairs that go through as whole code; without any, those that clash further on."""
    if stopped is None:
        return found
    most = MOST_REPAIRS if len(found.text) < LONG else 2
    whole: list[Mend] = []
    partly: list[Mend] = []
    for one in mendings(run, stopped):
        if len(whole) >= most or any(one.code == mend.code for mend in (*whole, *partly)):
            continue
        try:
            after, _, _ = _run(one.code, parsed(one.code), found.library)
        except InputError:
            continue
        if after.goes_through:
            gives = ", ".join(map(written, after.shapes)) or after.said
            whole.append(Mend(one.code, one.because, gives))
        elif len(after.steps) > len(found.steps):
            partly.append(Mend(one.code, one.because))
    return replace(found, mends=tuple(whole or partly)[:most])


def total_products(found: Evaluated) -> Size | None:
    """The multiply-adds of all products; ``None`` where there is none.

    >>> total_products(evaluated("A(2, 3) @ B(3, 4)"))
    24
    """
    counts = [step.products for step in found.steps if step.products is not None]
    total: Size = 0
    for one in counts:
        total = total + one
    return total if counts else None
