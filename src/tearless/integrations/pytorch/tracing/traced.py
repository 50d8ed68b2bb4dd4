"""A model traced on tensors without numbers: what each layer and each operation took and gave, as they ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tearless.linear_algebra.shapes import Where

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Held:
    """A tensor as an operation takes or gives it: plain sizes, as they were in this run."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    """As PyTorch writes it, without ``torch.``."""
    device: str = "cpu"
    number: int = -1
    """The same number for the same tensor object: what one step gives is what a later one takes. -1 where unknown."""


@dataclass(slots=True)
class LayerCall:
    """One call of a module. Calls stand in the order they began; ``depth`` 0 is the model itself.

    ``gives`` is empty and ``ended`` false where the call did not come to its end.
    """

    path: str
    """As ``named_modules`` writes it: ``encoder.0``; empty for the model itself."""
    type: str
    module: torch.nn.Module
    takes: tuple[Held, ...] = ()
    gives: tuple[Held, ...] = ()
    parent: int = -1
    """The number of the step that it ran in; -1 for the model itself."""
    depth: int = 0
    leaf: bool = True
    """Whether it called no other module."""
    rule: str = ""
    """The rule of ``linear_algebra.shapes`` that it obeys; empty where none is known."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As that rule names them; else the plain settings of the module."""
    at: Where | None = None
    """The line of the user's source that calls it."""
    made: Where | None = None
    """The line that makes it, where that is known."""
    ended: bool = False
    parameters: int = 0
    """Numbers in its own parameters and those below it, each tensor counted once."""
    multiply_adds: int = 0
    """Products counted one by one in this call, those of the layers below it included."""
    kept: int = 0
    """Bytes that this call keeps for the backward pass and nothing before it kept; layers below it included."""


@dataclass(slots=True)
class FunctionCall:
    """One function or method that code outside PyTorch called on tensors: ``flatten``, ``view``, ``cat`` ..."""

    name: str
    """As it is called: ``flatten``, ``view``, ``__matmul__`` is ``matmul``."""
    takes: tuple[Held, ...] = ()
    gives: tuple[Held, ...] = ()
    arguments: tuple[Any, ...] = ()
    """The arguments as they came, a tensor as its ``Held``."""
    keywords: Mapping[str, Any] = field(default_factory=dict)
    parent: int = -1
    """The number of the layer's step whose ``forward`` ran."""
    inside: str = ""
    """The path of that layer."""
    at: Where | None = None
    ended: bool = False
    multiply_adds: int = 0
    kept: int = 0


@dataclass(slots=True)
class Traced:
    """One run of a model on fake tensors.

    ``steps`` are layers and functions in the order they began. ``symbols`` gives each named size the prime that stood
    for it. ``error`` is what ended the run, with its traceback, where it did not come to its end: ``steps`` are then
    those until there.
    """

    model: torch.nn.Module
    """The model that ran: its parameters are fake."""
    steps: list[LayerCall | FunctionCall] = field(default_factory=list)
    symbols: Mapping[str, int] = field(default_factory=dict)
    takes: tuple[Held, ...] = ()
    gives: tuple[Held, ...] = ()
    outputs: Any = None
    """What the model gave, on fake tensors."""
    error: BaseException | None = None

    def layers(self) -> Iterator[LayerCall]:
        """The calls of modules."""
        return (step for step in self.steps if isinstance(step, LayerCall))

    def functions(self) -> Iterator[FunctionCall]:
        """The functions that code outside PyTorch called."""
        return (step for step in self.steps if isinstance(step, FunctionCall))
