"""Whether arrays in the order given chain: x @ w as they are, or else with every weight as (out, in)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .operation import Clash, Operand, Operation, Place
from .rules import results
from .size import Shape

Named = tuple[str, Shape]


@dataclass(frozen=True, slots=True)
class Link:
    """One array put behind those before it: ``code`` and what it gives, or the clash that ends the chain.

    Made by ``chain_of``; ``says`` is how an array had to be read, or why it clashes.
    """

    code: str
    gives: Shape = ()
    says: str = ""
    clash: Clash | None = None


def chain_of(arrays: Sequence[Named]) -> list[Link]:
    """The product of the first array with the others in their order; vectors behind a matrix are added.

    Three readings are tried, the same for every array: ``x @ w`` as they are; every later matrix as (out, in); the
    first as well. The first that goes through holds; where none does, the one that comes furthest.

    >>> [link.code for link in chain_of([("x", (32, 784)), ("w", (784, 10)), ("b", (10,))])]
    ['x @ w', 'x @ w + b']
    >>> chain_of([("x", (32, 784)), ("w", (10, 784))])[0].says
    'w is kept as (out, in)'
    >>> chain_of([("w1", (64, 784)), ("w2", (10, 64))])[-1].code
    'w1.T @ w2.T'
    """
    best: list[Link] = []
    for first, later in ((False, False), (False, True), (True, True)):
        links = _read(arrays, first, later)
        if links and links[-1].clash is None:
            return links
        best = links if len(links) > len(best) else best
    return best


def of_one_table(shapes: Sequence[Shape]) -> bool:
    """Whether all arrays have as many rows, and do not multiply for all that.

    >>> of_one_table([(100, 5), (100,)]), of_one_table([(5, 5), (5,)])
    (True, False)
    """
    first, *rest = shapes or [()]
    rows = {shape[:1] for shape in shapes}
    return len(shapes) > 1 and len(rows) == 1 and rows != {()} and not any(first[-1] in shape for shape in rest)


def of_tables(shapes: Sequence[Shape]) -> bool:
    """Whether a vector has an entry for each row of the one before it, as the target of a table has.

    >>> of_tables([(80, 5), (80,), (20, 5), (20,)]), of_tables([(32, 784), (784, 10), (10,)])
    (True, False)
    """
    return any(len(b) == 1 and len(a) > 1 and b[0] == a[0] and b[0] not in (a[-1], 1) for a, b in pairwise(shapes))


def _read(arrays: Sequence[Named], first: bool, later: bool) -> list[Link]:
    """The links of one reading, to the first that clashes."""
    links: list[Link] = []
    if len(arrays) < 2:
        return links
    code, shape = arrays[0]
    if first and len(shape) == 2:
        code, shape = f"{code}.T", shape[::-1]
    for name, own in arrays[1:]:
        link = _link(code, shape, name, own, later)
        links.append(link)
        if link.clash is not None:
            break
        code, shape = link.code, link.gives
    return links


def _link(code: str, shape: Shape, name: str, own: Shape, turned: bool) -> Link:
    if len(own) == 1 and len(shape) > 1:
        return _through("broadcast", f"{code} + {name}", (code, shape), (name, own), " + ", "")
    inside = f"({code})" if " + " in code else code
    turned = turned and len(own) == 2
    says = f"{name} is kept as (out, in)" if turned else ""
    if turned:
        name, own = f"{name}.T", own[::-1]
    return _through("matmul", f"{inside} @ {name}", (inside, shape), (name, own), " @ ", says)


def _through(rule: str, code: str, left: Named, right: Named, symbol: str, says: str) -> Link:
    operands = (Operand(*left), Operand(*right))
    settings = {"symbol": "+"} if rule == "broadcast" else {}
    try:
        (gives,) = results(Operation(rule, operands, settings, (Place(0), symbol, Place(1))))
    except Clash as clash:
        return Link(code, says=clash.says, clash=clash)
    return Link(code, gives, says)
