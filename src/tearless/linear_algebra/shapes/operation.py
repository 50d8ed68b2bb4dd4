"""An operation on arrays as it stands in someone's code, and the clash of its operands: what every rule speaks of."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from .size import Shape, written

Kind = Literal["shape", "dtype", "device"]


@dataclass(frozen=True, slots=True)
class Operand:
    """One array that an operation takes. ``name`` is how it is written there: ``x``, ``self.fc1.weight``, ``x + 1``.

    Names are the reader's text: hostile until ``core.text`` has seen them. ``shape`` may hold sizes with names.

    >>> print(Operand("x", (32, 784), "float32", library="torch"))
    x (32, 784)
    """

    name: str
    shape: Shape
    dtype: str = ""
    """As its library writes it, without the library's name: ``float32``; empty where it is not known."""
    device: str = ""
    """``cpu``, ``cuda:0``; empty where it is not known."""
    library: str = ""
    """``numpy``, ``torch`` or ``jax``, which spell some repairs differently; empty where it is not known."""

    def __str__(self) -> str:
        return f"{self.name} {written(self.shape)}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operand (by number) or a setting (by name) stands in the text of an operation.

    >>> print(Operation("reduce", (Operand("x", (2, 3)),), {"axis": 1}, (Place(0), ".sum(", Place("axis"), ")")))
    x.sum(1)
    """

    of: int | str


@dataclass(frozen=True, slots=True)
class Repair:
    """One change that lets the operation through, and what it then gives. ``Clash.repairs`` gives them.

    ``operands`` gives operands anew, ``{}`` standing for what is written there: ``{1: "{}.T"}``. ``settings`` gives
    settings anew, as code: ``{"dim": "1"}``; shapes and orders of axes are tuples. ``text`` is the whole operation
    anew, ``{0}``, ``{1}`` standing for its operands. ``layer`` gives the settings of the layer anew that the operation
    belongs to, where it is made: ``{"in_features": "5408"}``.
    """

    because: str
    """Why one would: what it takes for granted; one clause."""
    gives: Shape | None = None
    operands: Mapping[int, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    layer: Mapping[str, str] = field(default_factory=dict)
    loses: bool = False
    """Whether entries are left out that nothing says are not needed: it runs so, and may not be what is meant."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: the rule that it obeys, what it takes, and how it is written.

    ``rule`` names one of ``rules.RULES``. ``settings`` are values (``dim=1``). ``parts`` is its text in pieces, with a
    ``Place`` where an operand or a setting stands; where it is empty the rule's own way of writing is used.

    >>> x, w = Operand("x", (32, 784)), Operand("w", (784, 10), library="torch")
    >>> product = Operation("matmul", (x, w), parts=(Place(0), " @ ", Place(1)))
    >>> print(product, product.shapes, product.library)
    x @ w ((32, 784), (784, 10)) torch
    """

    rule: str
    operands: tuple[Operand, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str | Place, ...] = ()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(one.shape for one in self.operands)

    @property
    def library(self) -> str:
        """The library of the first operand that has one."""
        return next((one.library for one in self.operands if one.library), "")

    def __str__(self) -> str:
        return "".join(self._pieces({}, {}))

    def mended(self, repair: Repair) -> str:
        """The operation as code, with the repair made; empty where the change is to the layer.

        A setting that stands nowhere in the text is added at its end, by name.

        >>> x, w = Operand("x + 1", (32, 784)), Operand("w", (10, 784))
        >>> product = Operation("matmul", (x, w), parts=(Place(0), " @ ", Place(1)))
        >>> product.mended(Repair("", operands={1: "{}.T"})), product.mended(Repair("", operands={0: "{}.T"}))
        ('x + 1 @ w.T', '(x + 1).T @ w')
        """
        if repair.layer:
            return ""
        if repair.text:
            return filled(repair.text, [one.name for one in self.operands])
        pieces = "".join(self._pieces(repair.operands, repair.settings))
        there = {part.of for part in self.parts or _plain(self) if isinstance(part, Place)}
        words = {"axis": "dim", "keepdims": "keepdim"} if self.library == "torch" else {}
        added = {name: code for name, code in repair.settings.items() if name not in there}
        more = "".join(f", {words.get(name, name)}={code}" for name, code in added.items())
        return pieces[:-1] + more + ")" if more and pieces.endswith(")") else pieces

    def _pieces(self, operands: Mapping[int, str], settings: Mapping[str, str]) -> Iterator[str]:
        for part in self.parts or _plain(self):
            if isinstance(part, str):
                yield part
            elif isinstance(part.of, int):
                name = self.operands[part.of].name
                yield filled(operands[part.of], [name]) if part.of in operands else name
            else:
                value = self.settings.get(part.of, "")
                yield settings.get(part.of, repr(value) if isinstance(value, str) and value else str(value))


class Clash(Exception):
    """Raised by a rule: which axes of which operands do not fit, by what rule, and what would mend it.

    >>> from .rules import results
    >>> try:
    ...     results(Operation("matmul", (Operand("x", (32, 784)), Operand("w", (10, 784)))))
    ... except Clash as clash:
    ...     clash.marks, clash.operation.mended(clash.repairs[0])
    (((0, 1), (1, 0)), 'matmul(x, w.T)')
    """

    def __init__(
        self,
        says: str,
        law: str,
        marks: Sequence[tuple[int, int]] = (),
        repairs: Callable[[], Sequence[Repair]] = tuple,
        kind: Kind = "shape",
        operation: Operation | None = None,
    ) -> None:
        super().__init__(says)
        self.says = says
        """One sentence in the reader's names and sizes: what meets what."""
        self.law = law
        """The rule that was broken, in general words."""
        self.marks = tuple(marks)
        """(operand, axis), each counted from 0: the axes that clash."""
        self._repairs = repairs
        self.kind: Kind = kind
        self.operation = operation

    @cached_property
    def repairs(self) -> tuple[Repair, ...]:
        """What would let the operation through, the likeliest first; looked for when it is asked for."""
        return tuple(self._repairs())

    def of(self, operation: Operation) -> Clash:
        """The same clash, knowing its operation."""
        self.operation = operation
        return self


_CHAIN = re.compile(r"(?!\d)[\w.]*")
LONGEST_CODE = 500
_OPENS, _CLOSES = "([{", ")]}"


def atom(name: str) -> str:
    """Code that something may be hung onto: in parentheses where it must be.

    >>> atom("x"), atom("self.w[0]"), atom("x + 1"), atom("f(x, g(y)).T"), atom("(x + 1)"), atom("0.5")
    ('x', 'self.w[0]', '(x + 1)', 'f(x, g(y)).T', '(x + 1)', '(0.5)')
    """
    deep, outside = 0, ""
    for sign in name:
        deep += (sign in _OPENS) - (sign in _CLOSES)
        outside += sign if deep == 0 and sign not in _CLOSES else ""
        if deep < 0 or sign in "\"'":
            return name if _hangs(name) else f"({name})"
    return name if deep == 0 and _CHAIN.fullmatch(outside) else f"({name})"


def _hangs(name: str) -> bool:
    """Whether code with texts in it is a name, an attribute, a call or what a key picks."""
    if len(name) > LONGEST_CODE:
        return False
    try:
        node = ast.parse(name, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)


def filled(template: str, names: Sequence[str]) -> str:
    """A template of a repair with code in the places ``{}``, ``{0}``, ``{1}``.

    Code goes into parentheses wherever it does not stand alone between commas or brackets.

    >>> filled("{}[:, None]", ["x - 1"]), filled("f({0})", ["x - 1"]), filled("{0} * {1}", ["x - 1", "y"])
    ('(x - 1)[:, None]', 'f(x - 1)', '(x - 1) * y')
    """

    undone = _undone(template, names)
    if undone is not None:
        return undone

    def one(found: re.Match[str]) -> str:
        name = names[int(found[1] or 0)]
        before, after = template[: found.start()].rstrip()[-1:], template[found.end() :].lstrip()[:1]
        alone = before in {"", "(", "[", ",", "="} and after in {"", ")", "]", ","}
        alone = alone or (after not in {".", "["} and name.isdigit())
        return name if alone else atom(name)

    return re.sub(r"\{(\d*)\}", one, template)


_UNDOES = (
    (".T", (".T", ".t()")),
    (
        ".swapaxes(-1, -2)",
        (".swapaxes(-1, -2)", ".swapaxes(-2, -1)", ".transpose(-1, -2)", ".transpose(-2, -1)", ".mT"),
    ),
    (".squeeze(0)", ("[None]", ".unsqueeze(0)")),
    (".squeeze(1)", ("[:, None]", ".unsqueeze(1)")),
    (".squeeze(-1)", ("[..., None]", ".unsqueeze(-1)")),
)
"""What takes a change back that stands at the end of what is written."""


def _undone(template: str, names: Sequence[str]) -> str | None:
    """The code without its last change, where the template takes just that back; ``weight.t()`` for ``{}.T``."""
    found = re.match(r"\{(\d*)\}", template)
    if found is None or int(found[1] or 0) >= len(names):
        return None
    name = names[int(found[1] or 0)]
    for taken_back, ends in _UNDOES:
        end = next((end for end in ends if template[found.end() :] == taken_back and name.endswith(end)), "")
        base = name[: -len(end)] if end else ""
        if base and atom(base) == base:
            return base
    return None


def renamed(operation: Operation, names: Sequence[str]) -> Operation:
    """The same operation on operands of these names.

    >>> print(renamed(Operation("dot", (Operand("x", (3,)), Operand("y", (3,)))), ["a", "b"]))
    dot(a, b)
    """
    pairs = zip(operation.operands, names, strict=True)
    return replace(operation, operands=tuple(replace(one, name=name) for one, name in pairs))


def _plain(operation: Operation) -> Iterator[str | Place]:
    """``rule(a, b, dim=1)``: how an operation is written that says no more of itself."""
    yield f"{operation.rule}("
    for i in range(len(operation.operands)):
        yield ", " if i else ""
        yield Place(i)
    for name in operation.settings:
        yield f", {name}="
        yield Place(name)
    yield ")"
