"""What a record tells, one class for each kind of entry; its fields are the entry's.

A field that an entry lacks has its default, so that logs which tell less are read alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Numbers = tuple[float | None, ...]


@dataclass(frozen=True)
class Optimizer:
    """An optimiser: its class, and for each parameter group its settings (``lr``, ``momentum``, ``betas``, ``eps``,
    ``weight_decay`` ...) and the names of its parameters. ``stale``: how many of its tensors no model has that was
    called."""

    optimizer: int = 0
    name: str = ""
    groups: tuple[Mapping[str, Any], ...] = ()
    parameters: tuple[tuple[str, ...], ...] = ()
    stale: int = 0


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model: whether it ``learns`` (requires a gradient), whether an optimiser holds it, whether it
    was ``loaded`` (``load_state_dict``), and whether it is ``registered``; a tensor in a plain list or attribute that
    the loss depends on is not. ``values`` counts its numbers, ``distinct_rows`` the different rows of a matrix before
    the first step (``None`` for vectors)."""

    name: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = "float32"
    learns: bool = True
    optimized: bool = True
    registered: bool = True
    loaded: bool = False
    distinct_rows: int | None = None
    std: float | None = None

    @property
    def values(self) -> int:
        return int(np.prod(self.shape)) if self.shape else 1


@dataclass(frozen=True)
class Model:
    """A model that was called: its class, its parameters, its ``modules`` (path to class), and those of its modules
    that act differently in training and evaluation (dropout, batch norm: path to class)."""

    model: str = ""
    parameters: tuple[Parameter, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    moody: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One optimiser step that was looked at. Lists run along ``parameters``; ``None`` where there was no gradient.

    ``gradient``, ``weight`` (before the step), ``update``: Euclidean norms (gradients as the optimiser gets them).
    ``same``: share of the numbers with a gradient other than 0 that the step left the same to the bit (lost updates).
    ``slope``: the inner product of gradient and update over all parameters: below 0 where the step descends.
    ``rates``: one a group. ``backwards``: calls of backward since the step before, and ``values`` what they were
    called on; ``cleared``: backward calls whose gradient was cleared before the step; ``by_hand``: no optimiser made
    the step, the script did. ``bad``: gradients' numbers that are nan or infinite. ``distinct_rows``: different rows of
    each matrix's gradient, at the first steps. ``skipped``: a
    scaler kept the optimiser from stepping. ``parts``: where tensors are split over processes, how many of these hold
    the same part of each (0: it is whole, ``None``: not known); the numbers are then those of this process's parts.
    """

    step: int = 0
    optimizer: int = 0
    loss: float | None = None
    rates: tuple[float, ...] = ()
    backwards: int = 1
    parameters: tuple[str, ...] = ()
    gradient: Numbers = ()
    weight: Numbers = ()
    update: Numbers = ()
    same: Numbers = ()
    bad: Numbers = ()
    distinct_rows: tuple[int | None, ...] = ()
    slope: float | None = None
    values: Numbers = ()
    cleared: int = 0
    by_hand: bool = False
    skipped: bool = False
    parts: tuple[int | None, ...] = ()

    def by_name(self, of: str) -> dict[str, float]:
        """One of the lists by parameter, those without a number left out: ``step.by_name("gradient")``."""
        pairs = zip(self.parameters, getattr(self, of), strict=False)
        return {name: float(value) for name, value in pairs if value is not None}


@dataclass(frozen=True)
class Op:
    """One call of a PyTorch function on the way to the loss, as ``op`` numbers it.

    ``function`` is its plain name (``linear``, ``relu``, ``sub``, ``cross_entropy``); ``module`` and ``kind`` the path
    and class of the innermost module; ``line`` where in the script it was called (``train.py:14``); ``inputs`` the
    numbers of the ops that made its arguments, or the texts ``parameter NAME``, ``input``, ``buffer`` and ``data``;
    ``given`` the arguments' shapes; ``options`` its plain arguments (``dim``, ``p``, ``reduction`` ...). ``used``: its
    value led to the loss; ``learns``: its output carries a gradient (``detach`` and ``argmax`` end that).
    """

    op: int = 0
    function: str = ""
    module: str = ""
    kind: str = ""
    line: str = ""
    inputs: tuple[int | str, ...] = ()
    given: tuple[tuple[int, ...], ...] = ()
    shape: tuple[int, ...] = ()
    dtype: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    used: bool = True
    learns: bool = True

    @property
    def label(self) -> str:
        """How the op is called in words: its module's path, or its function and line."""
        return f"{self.module} ({self.function})" if self.module else f"{self.function} at {self.line}"


@dataclass(frozen=True)
class Graph:
    """The ops between the parameters and the loss of a step, in order. A new graph is written when they change.

    ``loss`` is the op whose value went into backward; ``outputs`` those that the models returned.
    """

    graph: int = 0
    step: int = 0
    ops: tuple[Op, ...] = ()
    loss: int | None = None
    outputs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Values:
    """The outputs of a graph's ops at one looked-at step; lists run along its ops, ``None`` where not measured.

    ``rms``, ``low``, ``high``, ``mean``, ``std``; ``zeros`` (share of exact zeros); ``nan`` and ``inf`` (how many);
    ``still``: share of units (columns; channels of images) with one value over all samples; ``slope``: mean derivative
    of an activation as a share of its largest; ``entropy``: of softmax rows, mean, as a share of ln n; ``grad``: root
    mean square of the loss's gradient by the op's output, ``grad_bad`` its nan or infinite numbers, ``grad_nan``
    its nan ones; ``ones``: largest distance from 1 of the sums along the last axis, ``ones_first`` along the first.
    """

    graph: int = 0
    step: int = 0
    rms: Numbers = ()
    low: Numbers = ()
    high: Numbers = ()
    mean: Numbers = ()
    std: Numbers = ()
    zeros: Numbers = ()
    nan: Numbers = ()
    inf: Numbers = ()
    still: Numbers = ()
    slope: Numbers = ()
    entropy: Numbers = ()
    grad: Numbers = ()
    grad_bad: Numbers = ()
    grad_nan: Numbers = ()
    ones: Numbers = ()
    ones_first: Numbers = ()


@dataclass(frozen=True)
class Tensor:
    """Numbers of a tensor: shape, type, range, spread, and how many of its numbers are nan or infinite.

    ``means`` and ``stds``: of its columns (features, channels), at most 64 of them, for tensors of samples by features;
    ``constant``: share of the columns with one value. ``counts``: how often each label came, for whole numbers of at
    most 1,000 values. ``distinct``: different values (of a sample).
    """

    shape: tuple[int, ...] = ()
    dtype: str = ""
    nan: int = 0
    inf: int = 0
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    std: float | None = None
    zeros: float | None = None
    means: Numbers = ()
    stds: Numbers = ()
    constant: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    distinct: int | None = None


@dataclass(frozen=True)
class Given:
    """A call of a whole model: what it was given, whether it stood in training mode, whether gradients were recorded.

    ``training_modes`` and ``evaluating`` name its dropout and batch norm modules that stood in each mode. ``rows`` are
    hashes of the samples; ``instance`` tells models of one class apart; ``used`` says whether its output led to the
    loss of the step.
    """

    step: int = 0
    model: str = ""
    instance: int = 0
    training: bool = True
    gradients: bool = True
    training_modes: tuple[str, ...] = ()
    evaluating: tuple[str, ...] = ()
    inputs: tuple[Tensor, ...] = ()
    rows: tuple[str, ...] = ()
    used: bool = True


@dataclass(frozen=True)
class Loss:
    """A call of a loss function, or of an expression taken for one (``function`` is then ``expression``).

    ``made_by``: the functions that made its input, last first, views left out (``softmax``, ``linear``). ``right``:
    share of the samples whose largest input is at the target. ``predicted``: how often each class was the largest.
    ``ends``: the smallest, the median and the largest loss of one sample. ``op``: its op in the graph, ``None`` outside
    one. ``evaluating``: called without gradients.
    """

    step: int = 0
    function: str = ""
    line: str = ""
    op: int | None = None
    value: float | None = None
    reduction: str = "mean"
    options: Mapping[str, Any] = field(default_factory=dict)
    made_by: tuple[str, ...] = ()
    input: Tensor = field(default_factory=Tensor)
    target: Tensor = field(default_factory=Tensor)
    right: float | None = None
    predicted: Mapping[str, int] = field(default_factory=dict)
    ends: tuple[float, ...] = ()
    evaluating: bool = False


@dataclass(frozen=True)
class Evaluation:
    """A stretch without gradients between steps in which a model was called: a validation or a test.

    ``training_modes``: dropout and batch norm modules that stood in training mode. ``loss`` and ``right`` are means
    over its calls of a loss function, weighted by samples; ``right`` also where ``argmax`` was compared with labels.
    """

    step: int = 0
    model: str = ""
    instance: int = 0
    training: bool = False
    training_modes: tuple[str, ...] = ()
    samples: int = 0
    loss: float | None = None
    right: float | None = None
    rows: tuple[str, ...] = ()
    line: str = ""
