"""The layers of a checkpoint, by the names and shapes of their arrays alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Arrays = Mapping[str, tuple[int, ...]]
TABLES = ("emb", "wte", "wpe", "token", "position")
"""Words in the names of tables that are looked up, not multiplied."""
WEIGHTS = ("weight", "kernel", "weight_v", "weight_orig", "w", "W")
RECURRENT = re.compile(r"(.*)weight_ih(_l\d+)?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Stage:
    """One layer of a checkpoint, by the name and shape of its weight: its kind, what it takes, and what it gives.

    Made by ``stages_of``. ``kind`` is linear, convolution, recurrent, table or norm; ``axes`` are those of the weight
    that hold ``takes`` and ``gives``.
    """

    name: str
    kind: str
    takes: int
    gives: int
    shape: tuple[int, ...]
    axes: tuple[int, int] = (1, 0)

    @property
    def module(self) -> str:
        """The layer's name, without that of its weight."""
        return self.name.rpartition(".")[0]


def stages_of(arrays: Arrays) -> list[Stage]:
    """The layers with a weight, in order: linear (out, in), convolutions (out, in, ...), tables (rows, width), norms.

    A bias says which axis of a weight is the output. A recurrent layer stacks its gates along the first axis of
    ``weight_ih_l0`` (4h, in); h is the second axis of ``weight_hh_l0`` (4h, h).

    >>> stages_of({"fc.weight": (10, 784), "fc.bias": (10,)})
    [Stage(name='fc.weight', kind='linear', takes=784, gives=10, shape=(10, 784), axes=(1, 0))]
    >>> lstm = stages_of({"rnn.weight_ih_l0": (256, 20), "rnn.weight_hh_l0": (256, 64)})[0]
    >>> lstm.kind, lstm.takes, lstm.gives
    ('recurrent', 20, 64)
    """
    return list(_stages(arrays))


def _stages(arrays: Arrays) -> Iterator[Stage]:
    for name, shape in arrays.items():
        recurrent = RECURRENT.fullmatch(name)
        if recurrent:
            yield from _recurrent(arrays, name, shape)
            continue
        module, _, leaf = name.rpartition(".")
        if leaf not in WEIGHTS or (not module and leaf in ("w", "W")) or not 1 <= len(shape) <= 5:
            continue
        if len(shape) == 1:
            if shape[0] > 1:
                yield Stage(name, "norm", shape[0], shape[0], shape, (0, 0))
        elif len(shape) == 2 and any(word in name.lower() for word in TABLES):
            yield Stage(name, "table", 0, shape[1], shape)
        else:
            takes, gives = _axes(shape, leaf, arrays.get(f"{module}.bias" if module else "bias", ()))
            kind = "linear" if len(shape) == 2 else "convolution"
            yield Stage(name, kind, shape[takes], shape[gives], shape, (takes, gives))


def _axes(shape: tuple[int, ...], leaf: str, bias: tuple[int, ...]) -> tuple[int, int]:
    """The axes of what a weight takes and gives."""
    if leaf == "kernel":
        return len(shape) - 2, len(shape) - 1
    turned = len(bias) == 1 and bias != shape[:1] and bias == shape[1:2]
    return (0, 1) if turned else (1, 0)


def _recurrent(arrays: Arrays, name: str, shape: tuple[int, ...]) -> Iterator[Stage]:
    """A recurrent layer, told by its two weights; left out where the second is not there."""
    own = arrays.get(name.replace("weight_ih", "weight_hh"), ())
    if len(shape) == len(own) == 2:
        both = 2 if f"{name}_reverse" in arrays else 1
        yield Stage(name, "recurrent", shape[1], own[1] * both, shape)
