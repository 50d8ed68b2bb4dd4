"""What a run costs: products counted one by one, bytes kept for the backward pass, and the most bytes held at once."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

Factors = tuple[int, ...]
"""Sizes whose product is the number of multiply-adds, or of bytes."""


def products_of(name: str, args: tuple[Any, ...], out: Any) -> Factors:
    """The multiply-adds of one operation of ATen as factors; empty where it is no product of matrices.

    >>> products_of("mm", (torch.empty(32, 784), torch.empty(784, 10)), None)
    (32, 784, 10)
    """
    count = _COUNTS.get(name)
    return count(args, out) if count is not None else ()


def _of_matrices(first: int) -> Callable[[tuple[Any, ...], Any], Factors]:
    def count(args: tuple[Any, ...], _: Any) -> Factors:
        return (*args[first].shape, *args[first + 1].shape[-1:])

    return count


def _of_vector(first: int) -> Callable[[tuple[Any, ...], Any], Factors]:
    return lambda args, _: tuple(args[first].shape)


def _of_convolution(args: tuple[Any, ...], out: Any) -> Factors:
    """Each output has a product for each weight of its group; transposed, each input has."""
    x, weight, transposed = args[0], args[1], args[6]
    where = x if transposed else out
    return (*where.shape, *weight.shape[1:])


_COUNTS: dict[str, Callable[[tuple[Any, ...], Any], Factors]] = {
    "mm": _of_matrices(0),
    "bmm": _of_matrices(0),
    "addmm": _of_matrices(1),
    "baddbmm": _of_matrices(1),
    "addbmm": _of_matrices(1),
    "mv": _of_vector(0),
    "addmv": _of_vector(1),
    "dot": _of_vector(0),
    "vdot": _of_vector(0),
    "convolution": _of_convolution,
}


@dataclass(slots=True)
class Kept:
    """A storage that the backward pass needs, by the sizes of the tensor that was kept and the bytes of a number."""

    sizes: Factors
    each: int
    bytes: int
    owner: int
    """The step that keeps it."""


@dataclass(slots=True)
class Product:
    """The multiply-adds of one operation, as factors."""

    factors: Factors
    owner: int


@dataclass
class Costs:
    """What operations cost while a model runs. ``owner`` says which step is at work."""

    owner: Callable[[], int] = lambda: -1
    paused: bool = False
    forward: bool = True
    """Products are those of the forward pass."""
    products: list[Product] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    live: int = 0
    peak: int = 0
    _seen: set[int] = field(default_factory=set)
    _held: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def known(self, tensors: Iterable[torch.Tensor]) -> None:
        """Storages that are there before and after: parameters and buffers. They are not counted."""
        for tensor in tensors:
            storage = tensor.untyped_storage()
            self._seen.add(storage._cdata)
            self._follow(storage, 0)

    def ran(self, name: str, args: tuple[Any, ...], out: Any) -> None:
        """An operation came to its end."""
        factors = products_of(name, args, out) if self.forward else ()
        if factors:
            self.products.append(Product(tuple(map(int, factors)), self.owner()))
        if not self.paused:
            for tensor in _tensors(out):
                self._hold(tensor)

    def _hold(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._held:
            return
        self._follow(storage, storage.nbytes())
        self.peak = max(self.peak, self.live)

    def _follow(self, storage: torch.UntypedStorage, size: int) -> None:
        key = storage._cdata
        self.live += size
        self._held[key] = (size, weakref.ref(storage, lambda _: self._forgotten(key)))

    def _forgotten(self, key: int) -> None:
        size, _ = self._held.pop(key)
        self.live -= size
        self._seen.discard(key)

    def keep(self, tensor: torch.Tensor) -> torch.Tensor:
        """A tensor that the backward pass needs."""
        if self.paused:
            return tensor
        self.note(tensor)
        return tensor.detach() if tensor.grad_fn is not None else tensor

    def note(self, tensor: torch.Tensor) -> None:
        """Count a storage as kept, once."""
        storage = tensor.untyped_storage()
        if storage._cdata in self._seen:
            return
        self._seen.add(storage._cdata)
        each, size = tensor.element_size(), storage.nbytes()
        self.kept.append(Kept(tuple(map(int, tensor.shape)), each, size, self.owner()))


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _tensors(one)
