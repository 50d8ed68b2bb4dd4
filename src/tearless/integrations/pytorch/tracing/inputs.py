"""What a model is given: sizes and types, of which some may be names, written as text or told by arrays."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from tearless.core import InputError, listed, quoted

from .entrywise import META

MOST_BYTES = 1 << 62
SAMPLES = {"n", "b", "bs", "bsz", "batch", "batch_size", "batchsize", "samples"}
"""Names that say of a size that it counts samples."""
STEPS = {"t", "s", "l", "seq", "steps", "time", "length", "seq_len", "sequence"}
"""Names that say of a size that it counts the steps of a sequence."""
FORM = "sizes such as 32,3,224,224, n,784 or ids=8,128:int64"
_SHORT = {"f16": "float16", "f32": "float32", "f64": "float64", "i32": "int32", "i64": "int64", "bf16": "bfloat16"}
_SHORT |= {"float": "float32", "int": "int64", "long": "int64", "half": "float16", "double": "float64"}


@dataclass(frozen=True, slots=True)
class Given:
    """One input: its sizes, of which some may be names; ``dtype`` empty where none was asked for."""

    sizes: tuple[int | str, ...]
    dtype: str = ""
    name: str = ""

    def tensor(self, symbols: Mapping[str, int], usual: torch.dtype) -> torch.Tensor:
        """The fake tensor, with these values of the names; ``usual`` is its type where none was asked for."""
        shape = tuple(symbols[one] if isinstance(one, str) else one for one in self.sizes)
        kind = getattr(torch, self.dtype) if self.dtype else usual
        if math.prod(shape) * 8 > MOST_BYTES:
            raise InputError(
                f"input: expected sizes that a tensor can have, got {quoted(str(shape))}; give smaller ones"
            )
        return torch.empty(shape, dtype=kind, device=META)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that the model is called with: ``Given`` for a tensor, other values as they are."""

    args: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()

    def all(self) -> list[Given]:
        """The tensors."""
        return [one for one in _leaves((self.args, [value for _, value in self.named])) if isinstance(one, Given)]

    def symbols(self) -> dict[str, int]:
        """The names of sizes, in order, and the first axis that each stands on: 0 for the batch, and for it alone.

        A name such as ``n`` or ``batch`` says so wherever it stands, when axis 0 has a name; ``t`` says that of steps.
        """
        found: dict[str, int] = {}
        for one in self.all():
            for axis, size in enumerate(one.sizes):
                if isinstance(size, str):
                    found[size] = min(found.get(size, axis), axis)
        called = [name for name in found if name.lower() in SAMPLES] if 0 in found.values() else []
        batch = min(called, key=lambda name: found[name]) if called else None
        for name, axis in found.items():
            if name == batch:
                found[name] = 0
            elif axis == 0 and (batch is not None or name.lower() in STEPS):
                found[name] = 1
        return found

    def made(self, symbols: Mapping[str, int], usual: torch.dtype) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, positional and named, with fake tensors."""

        def build(value: Any) -> Any:
            return value.tensor(symbols, usual) if isinstance(value, Given) else value

        return (
            tuple(_mapped(one, build) for one in self.args),
            {name: _mapped(value, build) for name, value in self.named},
        )

    def changed(self, change: Any) -> Inputs:
        """The same with another ``Given`` in the place of each."""

        def build(value: Any) -> Any:
            return change(value) if isinstance(value, Given) else value

        named = tuple((name, _mapped(value, build)) for name, value in self.named)
        return Inputs(tuple(_mapped(one, build) for one in self.args), named)

    def by_batch(self, name: str) -> tuple[Inputs, int] | None:
        """The same with ``name`` for the size that all shapes begin with, and that size; ``None`` without one."""
        tensors = [one for one in self.all() if one.sizes]
        firsts = {one.sizes[0] for one in tensors}
        if len(firsts) != 1 or self.symbols():
            return None
        first = firsts.pop()
        if not isinstance(first, int) or first == 0:
            return None
        return self.changed(lambda one: replace(one, sizes=(name, *one.sizes[1:])) if one.sizes else one), first


def of_texts(texts: Sequence[str]) -> Inputs:
    """Inputs as the command line has them.

    >>> of_texts(["n,3,224,224", "mask=n,10:bool"]).all()[1]
    Given(sizes=('n', 10), dtype='bool', name='mask')
    """
    args: list[Any] = []
    named: list[tuple[str, Any]] = []
    for text in texts:
        one = of_text(text)
        if one.name and one.name in dict(named):
            raise InputError(f"input: {quoted(one.name)} is given twice; give each name once")
        if one.name:
            named.append((one.name, one))
        else:
            args.append(one)
    return Inputs(tuple(args), tuple(named))


def of_text(text: str) -> Given:
    """One input. Raises ``InputError`` for what is no shape."""
    name, equals, rest = text.rpartition("=")
    if equals and not name.strip().isidentifier():
        raise InputError(f"input: expected the name of an argument before `=`, got {quoted(text)}; write {FORM}")
    sizes_text, _, kind = rest.partition(":")
    body = sizes_text.strip().removeprefix("(").removesuffix(")").removeprefix("[").removesuffix("]").strip()
    parts = body.split("x") if re.fullmatch(r"\d+(x\d+)+", body) else body.rstrip(",").split(",") if body else []
    return Given(tuple(_size(part.strip(), text) for part in parts), _kind(kind.strip(), text), name.strip())


def _size(part: str, text: str) -> int | str:
    if part.isidentifier() and part.isascii():
        return part
    if re.fullmatch(r"\d{1,18}", part):
        return int(part)
    raise InputError(f"input: expected {FORM}, got {quoted(text)}; each size is a whole number or a name")


def _kind(kind: str, text: str) -> str:
    kind = _SHORT.get(kind, kind).removeprefix("torch.")
    if kind and not isinstance(getattr(torch, kind, None), torch.dtype):
        known = ("float32", "float16", "bfloat16", "float64", "int64", "int32", "uint8", "bool", "complex64")
        raise InputError(f"input: no dtype {quoted(kind)} in {quoted(text)}; there is {listed(known, 9)}")
    return kind


def of_values(values: Iterable[Any], named: Mapping[str, Any]) -> Inputs:
    """Inputs as Python has them: arrays by shape and type, tuples of sizes, texts; other values are passed as is."""
    return Inputs(tuple(of_value(one) for one in values), tuple((k, of_value(v)) for k, v in named.items()))


def of_value(value: Any) -> Any:
    """One input from Python."""
    if isinstance(value, str):
        return replace(of_text(value), name="")
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        kind = str(value.dtype).removeprefix("torch.")
        return Given(tuple(int(one) for one in value.shape), _kind(kind, f"an array of {kind}"))
    if isinstance(value, (tuple, list)) and value and all(_is_size(one) for one in value):
        return Given(tuple(value))
    if isinstance(value, (tuple, list)):
        return type(value)(of_value(one) for one in value) if type(value) in (tuple, list) else value
    if isinstance(value, Mapping):
        return {name: of_value(one) for name, one in value.items()}
    return value


def _is_size(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return (isinstance(value, int) and value >= 0) or (isinstance(value, str) and value.isidentifier())


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, (list, tuple)):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _mapped(one, change) for name, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_mapped(one, change) for one in value)
    return change(value)


def of_arrays(arrays: Iterable[tuple[str, Sequence[int], str]]) -> Inputs:
    """Inputs from the headers of a file: name, shape and type. One array is the first argument, more go by name."""
    found = [(name, Given(tuple(shape), _kind(kind, f"{name} of {kind}"))) for name, shape, kind in arrays]
    if not found:
        raise InputError("input file: expected arrays, got a file without any; name another")
    if len(found) == 1 or all(re.fullmatch(r"arr_\d+", name) for name, _ in found):
        return Inputs(tuple(one for _, one in found))
    return Inputs((), tuple((name, one) for name, one in found))
