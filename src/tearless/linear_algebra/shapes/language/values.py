"""What parts of an expression stand for: arrays by their shape, sizes, numbers, layers, names of a library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tearless.linear_algebra.shapes.operation import Clash, Operation
from tearless.linear_algebra.shapes.parsing import Node
from tearless.linear_algebra.shapes.size import Named, Shape, Size
from tearless.linear_algebra.shapes.sliding import Step as Stage

Trail: TypeAlias = tuple[Shape, tuple[Stage, ...]]


@dataclass(frozen=True, slots=True)
class Array:
    """An array: its shape, its type where the text says it, and the steps entry by entry that it comes of."""

    shape: Shape
    dtype: str = ""
    since: tuple[int, ...] = ()
    strides: tuple[int, ...] | None = field(default=None, compare=False)
    """How it lies in memory, in numbers; None where that is not known."""
    trail: Trail | None = field(default=None, compare=False)
    """The shape it was declared with, and the layers that it came through since; None where they are not known."""


@dataclass(frozen=True, slots=True)
class Word:
    """A name of a library that is not called: ``torch``, ``np.sum``, ``F.relu``, ``float32``."""

    name: str
    prefix: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A layer of PyTorch as it is made: its type, its settings, and where each of them stands in the text."""

    type: str
    settings: Mapping[str, Any]
    node: Node
    at: Mapping[str, Node] = field(default_factory=dict)
    inner: tuple[Any, ...] = ()
    """The layers that it runs one after another."""
    kind: Any = None
    """Its entry in the table of layers."""
    evaluating: bool = False
    """Whether ``.eval()`` was called."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A value, and the part of the text that it comes of."""

    value: Any
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One operation that went through: its text, what it gives, and the multiply-adds of a product."""

    text: str
    operation: Operation
    gives: tuple[Shape, ...]
    products: Size | None = None


class Stopped(Exception):
    """Raised where an operation does not go through: the clash, and where its operands and settings stand."""

    def __init__(
        self,
        clash: Clash,
        node: Node,
        operands: tuple[Node | None, ...],
        at: Mapping[str, Node],
        layer: Layer | None,
        origins: tuple[str, ...] = (),
        label: str = "",
    ) -> None:
        super().__init__(clash.says)
        self.clash = clash
        self.node = node
        self.operands = operands
        self.at = at
        self.layer = layer
        self.origins = origins
        self.label = label


def is_size(value: Any) -> bool:
    """Whether it may be the size of an axis: a whole number or a named size; True and False are none."""
    return isinstance(value, (int, Named)) and not isinstance(value, bool)
