"""Tensors without numbers: a model runs on PyTorch's meta tensors, which have sizes and types and nothing else.

Small tensors that code makes by itself (``linspace(0, 0.1, 12)``, a list of indices) keep their numbers, so that a
model may read them; whatever meets a tensor without numbers has none.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch.nn.parameter import UninitializedParameter
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from .made import made
from .quick import META, told

MOST_KEPT = 4096
"""Numbers in a tensor that is made for real."""
MOST_TRIED = 1 << 22
"""Numbers in the operands of an operation that is run on zeros, where PyTorch does not tell its shapes."""

_READ = {"_local_scalar_dense", "item", "is_nonzero", "equal", "allclose"}
_FOUND = {"nonzero", "masked_select", "unique", "_unique", "_unique2", "unique_dim", "unique_consecutive", "bincount"}
_DRAWN = {"normal_", "uniform_", "bernoulli_", "random_", "exponential_", "geometric_", "log_normal_", "cauchy_"}
_PRODUCTS = {"mm", "addmm", "bmm", "baddbmm", "mv", "dot"}


class Unknowable(RuntimeError):
    """The code asks for a number, or for a size, that only the data can tell."""


class Hears(Protocol):
    """Who is told of every operation."""

    def ran(self, name: str, args: tuple[Any, ...], out: Any) -> None:
        """An operation came to its end."""


class Fake(TorchDispatchMode):  # type: ignore[no-untyped-call] # PyTorch does not type it
    """While it is on, tensors are made without numbers, but for small ones, and no operation computes."""

    def __init__(self, hears: Hears | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._hears = hears

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else PyTorch loads its compiler at the first operation

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name = func._schema.name.rpartition("::")[2]
        given = dict(kwargs or {})
        tensors = _tensors(args) + _tensors(tuple(given.values()))
        if any(t.is_meta for t in tensors):
            out = self._on_meta(func, name, args, given, tensors)
        elif "device" in given or _takes_device(func):
            out = self._made(func, name, args, given, tensors)
        else:
            out = func(*args, **given)
        if self._hears is not None:
            self._hears.ran(name, args, out)
        return out

    def _made(
        self, func: Any, name: str, args: tuple[Any, ...], given: dict[str, Any], tensors: list[torch.Tensor]
    ) -> Any:
        """A new tensor: real where it is small and no wish of the code's own says ``meta``."""
        wished = str(given.get("device"))
        if tensors:
            here = META if wished == "meta" else tensors[0].device
            return func(*args, **{**given, "device": here})
        known = made(name, args, given)
        if known is not None and (wished == "meta" or math.prod(known[0]) > MOST_KEPT):
            return torch.empty(known[0], dtype=known[1], device=META)
        if known is None:
            more = {"pin_memory": False} if _pins(func) else {}
            out = func(*args, **{**given, "device": META, **more})
            small = isinstance(out, torch.Tensor) and out.numel() <= MOST_KEPT
            if name.startswith("empty") or wished == "meta" or not small:
                return out
        return func(*args, **{**given, "device": torch.device("cpu")})

    def _on_meta(
        self, func: Any, name: str, args: tuple[Any, ...], given: dict[str, Any], tensors: list[torch.Tensor]
    ) -> Any:
        if name in _READ or name in _FOUND:
            raise Unknowable(_question(name))
        if name in _DRAWN:
            return args[0]
        quick = told(name, args, given)
        if quick is not None:
            return quick
        if name in _PRODUCTS:
            _of_one_dtype(name, args)
        if name == "copy_" and not args[0].is_meta:
            return args[0]
        if given.get("device") is not None:
            given["device"] = META
        if name == "index" or name.startswith("index_put") or name == "_index_put_impl_":
            args = (args[0], [_index(one) for one in args[1]], *args[2:])
        if name == "_pack_padded_sequence":
            return _tried(func, name, args, given, tensors)
        try:
            return func(*_as_meta(args), **{key: _as_meta(value) for key, value in given.items()})
        except NotImplementedError:
            return _tried(func, name, args, given, tensors)


def _index(one: torch.Tensor | None) -> torch.Tensor | None:
    if one is None or one.dtype not in (torch.bool, torch.uint8):
        return one
    if one.is_meta:
        raise Unknowable(_question("masked_select"))
    return one if one.ndim != 1 else one.nonzero()[:, 0]


def _question(name: str) -> str:
    if name in _READ:
        return "the code reads a number out of a tensor, and only data can tell it"
    return "the result's size is how many entries the data select, and only data can tell it"


def _tried(func: Any, name: str, args: Any, given: Any, tensors: list[torch.Tensor]) -> Any:
    """The operation on zeros, for those few whose shapes PyTorch does not tell without numbers."""
    if sum(t.numel() for t in tensors) > MOST_TRIED:
        raise Unknowable(f"PyTorch does not tell the shape of {name} without its numbers")

    def real(t: torch.Tensor) -> torch.Tensor:
        return torch.zeros(t.shape, dtype=t.dtype, device="cpu") if t.is_meta else t

    try:
        out = func(*_mapped(args, real), **{key: _mapped(value, real) for key, value in given.items()})
        return out if name == "_pack_padded_sequence" else _as_meta(out)
    except RuntimeError as error:
        raise Unknowable(f"PyTorch does not tell the shape of {name} without its numbers") from error


def _of_one_dtype(name: str, args: tuple[Any, ...]) -> None:
    """Raise what PyTorch raises for real tensors of two types: on meta tensors it lets some products through."""
    kinds = [t.dtype for t in args if isinstance(t, torch.Tensor)]
    if len(set(kinds)) > 1:
        first, second = (str(kind).removeprefix("torch.") for kind in kinds[-2:])
        if first == second:
            first = str(kinds[0]).removeprefix("torch.")
        raise RuntimeError(f"{name}: expected tensors of the same dtype, but got {first} and {second}")


_device_taken: dict[Any, bool] = {}


def _takes_device(func: Any) -> bool:
    known = _device_taken.get(func)
    if known is None:
        known = _device_taken[func] = any(one.name == "device" for one in func._schema.arguments)
    return known


def _pins(func: Any) -> bool:
    return any(one.name == "pin_memory" for one in func._schema.arguments)


def _tensors(values: Any) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += _tensors(value)
    return found


def _as_meta(value: Any) -> Any:
    """The same without numbers; a single number stays what it is, since it decides no shape but may decide a type."""
    return _mapped(value, lambda t: t if t.is_meta or t.ndim == 0 else _blank(t))


def _blank(tensor: torch.Tensor) -> torch.Tensor:
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=META)


def _mapped(value: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, (list, tuple)) and value:
        made = [_mapped(one, change) for one in value]
        return made if isinstance(value, list) else tuple(made)
    return value


class Claimed(TorchFunctionMode):
    """What code sees of such tensors: they say that they are on ``device``, and they stay where they are."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device = device

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func in _SEEN:
            return _SEEN[func](self.device)
        if func in _MOVES:
            return args[0]
        if func in _NUMBERS and isinstance(args[0], torch.Tensor) and args[0].is_meta:
            raise Unknowable(_question("item"))
        if func in _RECURRENT or func is _DATA_SET:
            args = _mapped(args, lambda t: t.to(META))
        if func is torch.Tensor.to:
            args = (args[0], *(self._place(one) for one in args[1:]))
        if "device" in given and given["device"] is not None:
            given["device"] = self._place(given["device"])
        return self.called(func, args, given)

    def called(self, func: Any, args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
        """The function itself."""
        return func(*args, **given)

    def _place(self, value: Any) -> Any:
        """A device that is here: tensors that are said to be elsewhere are not."""
        if isinstance(value, torch.device) or (isinstance(value, str) and value not in ("", "meta")):
            return torch.device("cpu")
        return value


_SEEN: dict[Any, Callable[[torch.device], Any]] = {
    torch.Tensor.device.__get__: lambda device: device,
    torch.Tensor.is_meta.__get__: lambda _: False,  # type: ignore[attr-defined]
    torch.Tensor.is_cpu.__get__: lambda device: device.type == "cpu",  # type: ignore[attr-defined]
    torch.Tensor.is_cuda.__get__: lambda device: device.type == "cuda",  # type: ignore[attr-defined]
    torch.Tensor.get_device: lambda device: -1 if device.type == "cpu" else device.index or 0,
}
_MOVES = {torch.Tensor.cpu, torch.Tensor.cuda, torch.Tensor.xpu, torch.Tensor.pin_memory}
_RECURRENT = {getattr(torch, name) for name in ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell")}
"""These ask for one device before they are asked what they do."""
_DATA_SET = torch.Tensor.data.__set__  # type: ignore[attr-defined]
_NUMBERS = {torch.Tensor.tolist, torch.Tensor.numpy, torch.Tensor.__array__}


@contextmanager
def without_numbers(device: torch.device, hears: Hears | None = None, claimed: Claimed | None = None) -> Iterator[None]:
    """Tensors made here have no numbers, parameters never; the random state is what it was when it ends."""
    from torch.nn.modules.module import register_module_parameter_registration_hook

    fast = torch.backends.mha.get_fastpath_enabled()
    states = torch.get_rng_state(), random.getstate()
    hook = register_module_parameter_registration_hook(_OnMeta())
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings(), claimed or Claimed(device), Fake(hears), _init_unread():
            warnings.simplefilter("ignore")
            yield
    finally:
        hook.remove()
        torch.backends.mha.set_fastpath_enabled(fast)
        torch.set_rng_state(states[0])
        random.setstate(states[1])


@contextmanager
def _init_unread() -> Iterator[None]:
    """While it lasts, what fills a tensor in ``torch.nn.init`` and reads what it drew leaves one without numbers."""
    module = torch.nn.init
    found = {k: v for k, v in vars(module).items() if k.startswith("_no_grad_") and callable(v)}

    def unread(fill: Callable[..., Any]) -> Callable[..., Any]:
        def filled(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            try:
                return fill(tensor, *args, **kwargs)
            except Unknowable:
                return tensor

        return filled

    for name, fill in found.items():
        setattr(module, name, unread(fill))
    try:
        yield
    finally:
        for name, fill in found.items():
            setattr(module, name, fill)


class _OnMeta:
    """What stands for each parameter: the same for the same one, so that layers that share it still do."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[torch.nn.Parameter, torch.nn.Parameter]] = {}

    def __call__(self, module: Any, name: str, parameter: Any) -> Any:  # noqa: ARG002 - PyTorch's own way of asking
        if parameter is None or isinstance(parameter, UninitializedParameter):
            return None
        with torch._C.DisableTorchFunction():
            if parameter.is_meta:
                return None
            if id(parameter) not in self._made:
                blank = torch.nn.Parameter(_blank(parameter.detach()), parameter.requires_grad)
                self._made[id(parameter)] = (parameter, blank)
        return self._made[id(parameter)][1]


def bytes_of(tensor: torch.Tensor) -> int:
    """Bytes of the numbers that a tensor would hold."""
    return math.prod(tensor.shape) * tensor.element_size()
