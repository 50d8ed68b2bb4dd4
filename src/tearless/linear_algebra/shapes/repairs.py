"""What would let an operation through: changes are tried by its own rule, and those that pass are put in order.

A change has a price: how far it is from what people mean as a rule. 1 is the usual slip (a matrix kept the other way
round, an axis missing), 2 and 3 are rarer ones, above 4 something of the data is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .moves import Move
from .operation import Clash, Operation, Repair
from .rules.registry import RULES
from .size import Named, Shape, Size

MOST = 6
WIDEST = 400
MOST_OPERANDS = 16
LEAVES_OUT = 4.0
"""Changes of this price leave data out: offered only where nothing else goes through."""


@dataclass(frozen=True, slots=True)
class Change:
    """A repair not yet tried: the operation ``after`` it, the words for it, and its price. One is ``on_operands``."""

    price: float
    after: Operation
    repair: Repair


@dataclass(frozen=True, slots=True)
class Code:
    """A setting whose code, ``text``, is not the ``repr`` of its ``value``.

    >>> from .operation import Operand
    >>> x = Operation("reshape", (Operand("x", (4, 6)),), {"shape": (5, 6)})
    >>> change = on_settings(x, "the rows of x", 1.0, shape=Code("(len(x), 6)", (4, 6)))
    >>> x.mended(change.repair), change.after.settings
    ('reshape(x, shape=(len(x), 6))', {'shape': (4, 6)})
    """

    text: str
    value: Any


def on_operands(operation: Operation, moves: Mapping[int, Move], because: str = "", price: float = 0.0) -> Change:
    """The operation with some of its operands changed.

    >>> from .operation import Operand
    >>> product = Operation("matmul", (Operand("x", (32, 784)), Operand("w", (10, 784))))
    >>> change = on_operands(product, {1: Move("{}.T", (784, 10), "{name} is kept as (out, in)")})
    >>> change.after.shapes, change.repair.because
    (((32, 784), (784, 10)), 'w is kept as (out, in)')
    """
    operands = list(operation.operands)
    for i, move in moves.items():
        operands[i] = replace(operands[i], shape=move.shape)
    words = because or "; ".join(move.because.format(name=operation.operands[i].name) for i, move in moves.items())
    return Change(
        price + sum(move.price for move in moves.values()),
        replace(operation, operands=tuple(operands)),
        Repair(
            words,
            operands={i: move.template for i, move in moves.items()},
            loses=any(move.loses for move in moves.values()),
        ),
    )


def on_settings(operation: Operation, because: str, price: float, **settings: Any) -> Change:
    """The operation with settings changed; a value may be ``Code(text, value)``.

    >>> from .operation import Operand
    >>> total = Operation("reduce", (Operand("x", (2, 3)),), {"axis": 2})
    >>> total.mended(on_settings(total, "the last axis is 1", 1.0, axis=1).repair)
    'reduce(x, axis=1)'
    """
    values = {name: one.value if isinstance(one, Code) else one for name, one in settings.items()}
    texts = {name: one.text if isinstance(one, Code) else repr(one) for name, one in settings.items()}
    return Change(price, replace(operation, settings={**operation.settings, **values}), Repair(because, settings=texts))


def instead(because: str, price: float, text: str, after: Operation) -> Change:
    """Another operation in its place, ``text`` being its code.

    >>> from .operation import Operand
    >>> two = (Operand("a", (3,)), Operand("b", (4,)))
    >>> stack, joined = Operation("stack", two), Operation("cat", two)
    >>> stack.mended(instead("they go on after one another", 1.0, "cat([{0}, {1}])", joined).repair)
    'cat([a, b])'
    """
    return Change(price, after, Repair(because, text=text))


def every_move(
    operation: Operation, moves: Callable[[int], Iterable[Move]], which: Sequence[int] | None = None, later: float = 0.1
) -> Iterator[Change]:
    """A change of one operand at a time; a later operand is a little likelier to be the one that is wrong.

    >>> from .operation import Operand
    >>> pair = Operation("matmul", (Operand("x", (2, 3)), Operand("w", (4, 3))))
    >>> turned = lambda i: [Move("{}.T", pair.shapes[i][::-1], "")]
    >>> [(pair.mended(change.repair), change.price) for change in every_move(pair, turned)]
    [('matmul(x.T, w)', 1.1), ('matmul(x, w.T)', 1.0)]
    """
    last = len(operation.operands) - 1
    for i in _odd_ones(operation) if which is None else which:
        for move in moves(i):
            yield on_operands(operation, {i: move}, price=later * (last - i) / max(last, 1))


def _odd_ones(operation: Operation) -> list[int]:
    """The operands to change: all of a few; of many, those that have not the shape that most have."""
    if len(operation.operands) <= MOST_OPERANDS:
        return list(range(len(operation.operands)))
    usual = Counter(operation.shapes).most_common(1)[0][0]
    return [i for i, shape in enumerate(operation.shapes) if shape != usual][:MOST_OPERANDS]


def ranked(
    operation: Operation, changes: Iterable[Change], worse: Callable[[Shape], float] = lambda _: 0.0
) -> list[Repair]:
    """The changes that go through, the likeliest first. ``worse`` is added to the price for what the change gives.

    One that leaves out entries which may be needed is given alone, and only where there is no other.

    >>> from .operation import Operand
    >>> pair = Operation("matmul", (Operand("x", (2, 3)), Operand("w", (4, 3))))
    >>> turned = lambda i: [Move("{}.T", pair.shapes[i][::-1], "")]
    >>> [(pair.mended(repair), repair.gives) for repair in ranked(pair, every_move(pair, turned))]
    [('matmul(x, w.T)', (2, 4))]
    """
    found: list[tuple[float, int, Repair]] = []
    seen: set[str] = set()
    written = str(operation)
    widest = min(WIDEST, max(20, 20 * WIDEST // (1 + len(operation.operands))))
    for number, change in enumerate(changes):
        if number >= widest:
            break
        gives = gives_of(change.after)
        text = operation.mended(change.repair)
        if gives is None or text in seen or (text and text == written):
            continue
        seen.add(text)
        found.append((change.price + worse(gives), number, replace(change.repair, gives=gives)))
    found.sort(key=lambda one: one[:2])
    kept = [one for one in found if not one[2].loses]
    whole = [one for one in kept if one[0] < LEAVES_OUT] or kept or found[:1]
    return [repair for _, _, repair in whole][:MOST]


def only(operation: Operation, *changes: Change) -> Callable[[], list[Repair]]:
    """These changes, tried when they are asked for.

    >>> from .operation import Operand
    >>> total = Operation("reduce", (Operand("x", (2, 3)),), {"axis": 2})
    >>> [repair.gives for repair in only(total, on_settings(total, "the last axis is 1", 1.0, axis=1))()]
    [(2,)]
    """
    return lambda: ranked(operation, changes)


def gives_of(operation: Operation) -> Shape | None:
    """The first shape that the operation gives; ``None`` where it clashes.

    >>> from .operation import Operand
    >>> a, b = Operand("a", (2, 3)), Operand("b", (3, 4))
    >>> gives_of(Operation("matmul", (a, b))), gives_of(Operation("matmul", (b, a)))
    ((2, 4), None)
    """
    try:
        results = RULES[operation.rule](operation)
    except (Clash, KeyError):
        return None
    return results[0] if results else ()


def renamed_call(operation: Operation, old: str, new: str) -> str:
    """The text of an operation as a template, with another function called; empty where ``old`` is not called there.

    >>> from .operation import Operand, Place
    >>> renamed_call(Operation("stack", (Operand("a", (2,)),), {}, ("np.stack([", Place(0), "])")), "stack", "hstack")
    'np.hstack([{0}])'
    """
    pieces, done = [], False
    for part in operation.parts:
        if isinstance(part, str):
            if not done and re.search(rf"\b{old}\(", part):
                part, done = re.sub(rf"\b{old}\(", f"{new}(", part, count=1), True
            if "{" in part:
                return ""
            pieces.append(part)
        else:
            pieces.append(f"{{{part.of}}}" if isinstance(part.of, int) else str(operation.settings.get(part.of, "")))
    return "".join(pieces) if done else ""


def fewer(one: Size, other: Size) -> bool:
    """Whether one size is surely smaller than another.

    >>> from .size import named
    >>> fewer(2, 3), fewer(2, named("n"))
    (True, False)
    """
    if isinstance(one, Named) or isinstance(other, Named):
        return False
    return one < other
