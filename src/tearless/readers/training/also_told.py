"""What a record tells beside steps and calls: contracts broken, measurements on copies, and how the run went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Breach:
    """A contract broken, seen as it happened, named as its check: where, at which step, and what it concerns."""

    breach: str = ""
    step: int = 0
    line: str = ""
    subject: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Probe:
    """A measurement made on a copy: ``probe`` names it, ``numbers`` are what it found.

    ``reduction``: the same batch before and after its step: ``before``, ``after``, ``predicted`` (gradient times
    update); ``ratio`` = (after - before) / predicted: 1 where the loss is straight along the step, 1/2 at the minimum
    along it, below 0 where the step overshot. ``halves``: gradients of two halves of a batch: ``dot``, ``first``,
    ``second`` (squared norms), ``samples``. ``curvature``: ``largest`` eigenvalue of the Hessian as the optimiser
    scales it, ``bound`` beyond which its steps grow. ``future``: ``share`` of outputs that change with later inputs.
    """

    probe: str = ""
    step: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """A suspicion tested on a copy of model, optimiser and recorded batches: the same steps with one thing changed.

    ``experiment`` names what was changed, ``value`` to what, for the suspicion of ``check``; ``before`` and ``after``
    are the losses at the end of the steps as they were and as changed, ``start`` and ``changed_start`` those that they
    began from.
    """

    experiment: str = ""
    check: str = ""
    value: float | None = None
    steps: int = 0
    start: float | None = None
    before: float | None = None
    after: float | None = None
    changed_start: float | None = None


@dataclass(frozen=True)
class Loader:
    """A ``DataLoader`` that was read: rows of its data set, samples a batch, whether it shuffles."""

    loader: int = 0
    rows: int | None = None
    batch_size: int | None = None
    shuffled: bool | None = None
    sampler: str = ""
    drop_last: bool = False


@dataclass(frozen=True)
class Counts:
    """How often the whole run called what: ``backward``, an optimiser's ``step`` and ``zero_grad``, a schedule's
    ``step``, clipping; and how many optimisers were made. ``unmoved``: backward calls after which no parameter had
    changed at the next one."""

    backwards: int = 0
    steps: int = 0
    zero_grads: int = 0
    schedules: int = 0
    clips: int = 0
    optimizers: int = 0
    unmoved: int = 0


@dataclass(frozen=True)
class End:
    """How the run ended: ``done``, ``exception`` (``error`` says which), ``interrupted``; no entry where it was
    killed."""

    how: str = ""
    error: str = ""
    line: str = ""
    step: int = 0
    seconds: float | None = None
    threads: int | None = None
