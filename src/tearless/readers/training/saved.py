"""What lies in a checkpoint: the weights by name, and an optimiser's state for each of its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tearless.core import InputError, visible
from tearless.readers import safetensors

from .tensors import DTYPES, Held
from .torch_zip import Archive, Saved, is_archive, open_archive

_WRAPPERS = frozenset(["model", "state_dict", "model_state_dict", "module", "net", "network", "weights", "params"])
_DEEPEST = 8
_STEPS = ("global_step", "step", "iteration", "iter", "steps")
_SAFE = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64", "BOOL": "bool",
    "C64": "complex64",
}  # fmt: skip
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
_NAMED_STEP = re.compile(r"(?:step|iter|checkpoint|ckpt|epoch)[-_=]?(\d+)", re.IGNORECASE)
_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")
Maker = Callable[[], Held]


@dataclass
class State:
    """An optimiser's state: its groups' settings, and for each parameter its name, and its tensors by their names."""

    groups: list[Mapping[str, Any]] = field(default_factory=list)
    parameters: list[tuple[str, Mapping[str, Maker]]] = field(default_factory=list)
    rates: list[float | None] = field(default_factory=list)
    group_of: list[int] = field(default_factory=list)


@dataclass
class Checkpoint:
    """The tensors of one checkpoint, to be made when they are measured; ``step`` where it or its name says one.

    ``beside`` names tensors that lie outside of the model, averages of it for instance; single numbers there, the best
    score and the like, are left out."""

    label: str
    what: str
    weights: dict[str, Maker] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)
    step: int | None = None
    changed: float = 0.0
    beside: set[str] = field(default_factory=set)

    def parameters(self) -> list[str]:
        """The names of what learns, as far as names and types tell: running statistics and whole numbers do not."""
        return [n for n in self.weights if n.rsplit(".", 1)[-1] not in _STATISTICS and n not in self.beside]


def is_checkpoint(path: Path) -> bool:
    """Whether a file holds tensors of a model: an archive of ``torch.save`` or safetensors, by its content."""
    if not path.is_file():
        return False
    return is_archive(path) or is_safetensors(path)


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as safetensors do."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return False
    plain = head[8:9] == b"{" and head[9:10] in (b'"', b"}", b" ")
    return plain and 2 <= int.from_bytes(head[:8], "little") <= safetensors.LONGEST_HEADER


def read_checkpoint(paths: Sequence[Path], argument: str = "data") -> Checkpoint:
    """One checkpoint from its file, or from its files where it is cut into several.

    Raises ``InputError`` where one is damaged, or holds no tensor of a model.
    """
    first = paths[0]
    several = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    found = Checkpoint(visible(first.name, 80) + several, "", step=_step_in(first))
    found.changed = max(path.stat().st_mtime for path in paths)
    for path in paths:
        if is_safetensors(path):
            found.what = "a safetensors checkpoint"
            _from_safetensors(path, found, argument)
        else:
            found.what = "a checkpoint of torch.save"
            _from_archive(open_archive(path, argument), found)
    if not found.weights and not found.states:
        raise InputError(
            f"{argument}: expected a checkpoint with tensors, got {visible(str(first), 120)}, which has none; save "
            "model.state_dict()"
        )
    return found


def _step_in(path: Path) -> int | None:
    """The step that a path names: ``checkpoint-500``, ``epoch=3-step=400.ckpt``, ``model_0010.pt``."""
    named = {**dict.fromkeys(_NAMED_STEP.findall(path.parent.name)), **dict.fromkeys(_NAMED_STEP.findall(path.stem))}
    if named:
        return int(list(named)[-1][:18])
    number = _LAST_NUMBER.search(path.stem)
    return int(number.group(1)) if number and len(number.group(1)) < 10 and "-of-" not in path.stem else None


def _from_safetensors(path: Path, found: Checkpoint, argument: str) -> None:
    label = visible(str(path), 120)
    for name, tensor in safetensors.tensors(path, label, argument).items():
        found.weights[name] = partial(_mapped, path, name, tensor)


def _mapped(path: Path, name: str, tensor: safetensors.Tensor) -> Held:
    """One array of a safetensors file. A type that is not known here comes as its bytes and is not measured."""
    dtype = _SAFE.get(tensor.dtype, "")
    code = DTYPES[dtype].newbyteorder("<") if dtype else np.dtype("u1")
    shape = tensor.shape if dtype else (tensor.stop - tensor.start,)
    if 0 in shape:
        return Held(name, dtype or tensor.dtype, shape, np.empty(shape, code))
    return Held(name, dtype or tensor.dtype, shape, np.memmap(path, code, "r", tensor.start, shape))


def _from_archive(archive: Archive, found: Checkpoint) -> None:
    """Weights and optimisers of what ``torch.save`` kept, however they are nested."""
    value = archive.value
    if isinstance(value, Mapping):
        step = next((value[key] for key in _STEPS if isinstance(value.get(key), int)), None)
        found.step = found.step if step is None or isinstance(step, bool) else int(step)
    tensors = dict(_leaves(value, "", 0, found, archive, set()))
    unwrapped, names = _unwrapped(tensors), _of_the_model(tensors)
    if names:
        found.beside |= set(unwrapped) - {name.partition(".")[2] for name in names}
        unwrapped = {n: saved for n, saved in unwrapped.items() if n not in found.beside or saved.shape}
    found.weights |= {name: partial(archive.held, name, saved) for name, saved in unwrapped.items()}
    for state in found.states:
        _name_parameters(state, found)


def _leaves(
    value: Any, name: str, depth: int, found: Checkpoint, archive: Archive, seen: set[int]
) -> Iterator[tuple[str, Saved]]:
    """Every tensor with its path; optimisers are put aside."""
    if isinstance(value, Saved):
        yield name, value
    elif isinstance(value, (dict, list, tuple)) and depth < _DEEPEST and id(value) not in seen:
        seen.add(id(value))
        if isinstance(value, dict) and isinstance(value.get("param_groups"), list) and "state" in value:
            found.states.append(_state_of(value, archive))
            return
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            if isinstance(key, (str, int)):
                yield from _leaves(inner, f"{name}.{key}" if name else str(key), depth + 1, found, archive, seen)


def _of_the_model(tensors: Mapping[str, Saved]) -> list[str]:
    """The names below the one wrapper of a model (``state_dict``); none where there is no such wrapper, or several."""
    tops = {name.partition(".")[0] for name in tensors} & _WRAPPERS
    return [name for name in tensors if name.partition(".")[0] in tops and "." in name] if len(tops) == 1 else []


def _unwrapped(tensors: Mapping[str, Saved]) -> dict[str, Saved]:
    """Names without the wrapper of the model: ``state_dict.fc.weight`` is ``fc.weight``."""
    inner = set(_of_the_model(tensors))
    short = {(name.partition(".")[2] if name in inner else name): saved for name, saved in tensors.items()}
    return short if len(short) == len(tensors) else dict(tensors)


def _state_of(value: Mapping[str, Any], archive: Archive) -> State:
    """An optimiser's ``state_dict``: by the numbers of its parameters."""
    state = State()
    inner = value["state"] if isinstance(value["state"], dict) else {}
    for group in value["param_groups"]:
        if not isinstance(group, dict):
            continue
        members = group.get("params")
        numbers: list[Any] = members if isinstance(members, list) else []
        given = group.get("param_names")
        names = given if isinstance(given, list) and len(given) == len(numbers) else [None] * len(numbers)
        state.groups.append({k: v for k, v in group.items() if isinstance(v, (int, float, tuple, bool))})
        for number, name in zip(numbers, names, strict=True):
            own = inner.get(number) if isinstance(number, (int, str)) else None
            kept = own if isinstance(own, dict) else {}
            tensors = {k: partial(archive.held, k, v) for k, v in kept.items() if isinstance(v, Saved)}
            state.parameters.append((name if isinstance(name, str) else "", tensors))
            state.group_of.append(len(state.groups) - 1)
            state.rates.append(_highest_rate(group))
    return state


def _highest_rate(group: Mapping[str, Any]) -> float | None:
    """The learning rate of a group; where a schedule keeps the one that it began with, the larger of both."""
    known = [float(group[k]) for k in ("lr", "initial_lr") if isinstance(group.get(k), (int, float))]
    return max(known, default=None)


def _name_parameters(state: State, found: Checkpoint) -> None:
    """Names for an optimiser's parameters, where it has as many as the model, in its order and of its shapes."""
    if all(name for name, _ in state.parameters):
        return
    names = found.parameters()
    fits = len(names) == len(state.parameters) and len(state.groups) == 1 and len(found.states) == 1
    if fits:
        for name, (_, tensors) in zip(names, state.parameters, strict=True):
            shape = found.weights[name]().shape
            own = [held.shape for make in tensors.values() if (held := make()).values > 1]
            fits = fits and all(one == shape for one in own)
    named = names if fits else [f"parameter {i} of the optimiser" for i in range(len(state.parameters))]
    state.parameters = [(name or new, kept) for new, (name, kept) in zip(named, state.parameters, strict=True)]
