"""Whether stored arrays chain: x @ w through arrays in the order given, and through the layers of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .operation import Clash, Operand, Operation, Place
from .rules import results
from .size import Shape, divided, written

Named = tuple[str, Shape]
TABLES = ("emb", "wte", "wpe", "token", "position")
"""Words in the names of tables that are looked up, not multiplied."""


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
    """The product of the first array with the others in their order, each as it is or transposed; vectors are added.

    >>> [link.code for link in chain_of([("x", (32, 784)), ("w", (784, 10)), ("b", (10,))])]
    ['x @ w', 'x @ w + b']
    >>> chain_of([("x", (32, 784)), ("w", (10, 784))])[0].says
    'w is kept as (out, in)'
    """
    links: list[Link] = []
    if len(arrays) < 2:
        return links
    code, shape = arrays[0]
    for name, own in arrays[1:]:
        link = _link(code, shape, name, own)
        links.append(link)
        if link.clash is not None:
            break
        code, shape = link.code, link.gives
    return links


def _link(code: str, shape: Shape, name: str, own: Shape) -> Link:
    left = Operand(code, shape)
    if len(own) == 1 and len(shape) > 1 and own[0] in (shape[-1], 1):
        return Link(f"{code} + {name}", shape)
    inside = f"({code})" if " + " in code else code
    if len(own) == 2 and shape and own[0] != shape[-1] and own[1] == shape[-1]:
        return Link(f"{inside} @ {name}.T", (*shape[:-1], own[0]), f"{name} is kept as (out, in)")
    try:
        parts = (Place(0), " @ ", Place(1))
        (gives,) = results(Operation("matmul", (left, Operand(name, own)), parts=parts))
    except Clash as clash:
        return Link(f"{inside} @ {name}", says=clash.says, clash=clash)
    return Link(f"{inside} @ {name}", gives)


@dataclass(frozen=True, slots=True)
class Stage:
    """One layer of a checkpoint, by the name and shape of its weight: its kind, what it takes, and what it gives.

    Made by ``stages_of``.
    """

    name: str
    kind: str
    takes: int
    gives: int
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """Two layers beside one another in a file, ``before`` and ``after``, which takes what nothing before it gives.

    Made by ``breaks_of``; ``repair`` says what would fit.
    """

    before: Stage
    after: Stage
    repair: str

    def __str__(self) -> str:
        one, other = self.before, self.after
        return (
            f"{one.name} {written(one.shape)} gives {one.gives}, {other.name} {written(other.shape)} takes "
            f"{other.takes}; {self.repair}"
        )


def stages_of(arrays: Mapping[str, tuple[int, ...]]) -> list[Stage]:
    """The layers with a weight, in order: linear (out, in), convolutions (out, in, ...), tables (rows, width).

    A bias says which axis of a square-free matrix is the output.

    >>> stages_of({"fc.weight": (10, 784), "fc.bias": (10,)})
    [Stage(name='fc.weight', kind='linear', takes=784, gives=10, shape=(10, 784))]
    """
    found = []
    for name, shape in arrays.items():
        if len(shape) < 2 or len(shape) > 5 or not name.rsplit(".", 1)[-1].startswith(("weight", "kernel", "w")):
            continue
        if len(shape) == 2 and any(word in name.lower() for word in TABLES):
            found.append(Stage(name, "table", 0, shape[1], shape))
            continue
        bias = arrays.get(f"{name.rpartition('.')[0]}.bias", ())
        turned = len(shape) == 2 and (name.endswith("kernel") or (bias == shape[1:] and bias != shape[:1]))
        gives, takes = (shape[1], shape[0]) if turned else (shape[0], shape[1])
        found.append(Stage(name, "linear" if len(shape) == 2 else "convolution", takes, gives, shape))
    return found


def breaks_of(stages: Sequence[Stage]) -> list[Break]:
    """Where the layers do not follow from one another, in the order of the file.

    A layer follows where it takes what the one before it gives or takes (a layer beside it), a whole multiple of it (an
    image laid flat, parts put together), a whole part of it, or what any layer before gave (a shortcut).

    >>> print(breaks_of(stages_of({"a.weight": (100, 784), "b.weight": (10, 120)}))[0])
    a.weight (100, 784) gives 100, b.weight (10, 120) takes 120; of shape (10, 100) it would
    """
    return list(_breaks(stages))


def _breaks(stages: Sequence[Stage]) -> Iterator[Break]:
    seen: set[int] = set()
    for i, stage in enumerate(stages):
        if i and stage.takes and not _follows(stages[i - 1], stage, seen):
            yield Break(stages[i - 1], stage, _repair(stages[i - 1], stage))
        seen |= {stage.gives, stage.takes}


def _follows(one: Stage, other: Stage, seen: set[int]) -> bool:
    if other.takes in seen:
        return True
    if other.takes == 1 and other.kind == "convolution":  # one filter for each channel
        return True
    sizes = {one.gives, one.takes} - {0}
    flat = one.kind == "convolution" and other.kind == "linear"
    parts = any(divided(size, other.takes) in (2, 3, 4, 6) for size in sizes)
    wholes = any(divided(other.takes, size) in (2, 3, 4) or (flat and divided(other.takes, size)) for size in sizes)
    return parts or bool(wholes)


def _repair(one: Stage, other: Stage) -> str:
    if other.gives == one.gives and len(other.shape) == 2:
        return f"transposed, {other.name} would take {other.gives}"
    if one.takes == other.takes:
        return "they stand beside one another"
    shape = list(other.shape)
    shape[shape.index(other.takes, 1 if other.gives == shape[0] else 0)] = one.gives
    return f"of shape {written(tuple(shape))} it would"
