"""What a loader feeds a training step with: the shapes and types of a batch or two, what is input and what target."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import torch

from tearless.core import InputError, listed, quoted

from .inputs import Given, Inputs, of_value

TARGETS = ("labels", "label", "target", "targets", "y", "answer", "answers")
"""Names under which a batch that is a dictionary holds what is to be predicted."""
BATCH, STEPS = "n", "s"
USUAL = 12
"""What stands for a size that nobody gave."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One batch, in shapes: the model's arguments, the target (``None`` without one), and how many samples there are.

    ``samples`` and ``last`` tell of the whole data set: how many there are, and in its last batch; 0 where unknown.
    """

    inputs: Inputs
    target: Any = None
    size: int = 0
    samples: int = 0
    last: int = 0
    values: Mapping[str, int] = field(default_factory=dict)
    """What the first batch had for each name other than that of the batch."""

    def names(self) -> dict[str, int]:
        """The names of sizes, and the axis that each stands on: 0 for the batch, wherever it stands."""
        found: dict[str, int] = {}
        for one in self.tensors():
            for axis, size in enumerate(one.sizes):
                if isinstance(size, str):
                    found[size] = 0 if size == BATCH else min(found.get(size, axis), max(axis, 1))
        return found

    def real(self, size: int = 0) -> dict[str, int]:
        """The sizes that were given, with ``size`` samples in the place of all."""
        first = size or self.size or USUAL
        return {name: first if name == BATCH else self.values.get(name, USUAL) for name in self.names()}

    def at(self, values: Mapping[str, int], usual: torch.dtype) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
        """Fake arguments, named arguments and target at these values of the names."""
        args, named = self.inputs.made(values, usual)
        return args, named, Inputs((self.target,)).made(values, usual)[0][0]

    def tensors(self) -> list[Given]:
        """Every tensor, those of the target last."""
        return [*self.inputs.all(), *Inputs((self.target,)).all()]


def feed_of_loader(loader: Any, model: torch.nn.Module, with_loss: bool) -> Feed:
    """One batch of a loader, and a second where it has one, taken for their shapes and types.

    What the loader draws by chance is drawn again later: the random states are put back. Raises ``InputError`` for
    what cannot be read twice or gives no tensors; what the data set or ``collate_fn`` raises goes through.
    """
    if not hasattr(loader, "__iter__"):
        raise InputError(f"loader: expected a DataLoader, got {quoted(type(loader).__name__)}; give what gives batches")
    with _chance_kept(loader):
        batches = _taken(loader)
    if not batches:
        raise InputError(
            "loader: expected batches, got none: the data are empty, or shorter than a batch to be dropped"
        )
    size = getattr(loader, "batch_size", None) or getattr(getattr(loader, "batch_sampler", None), "batch_size", None)
    samples, last = _counts(loader, size)
    feed = feed_of_batch(batches[0], model, with_loss, batches[1] if len(batches) > 1 else None, size)
    return replace(feed, samples=samples, last=last)


def feed_of_batch(
    batch: Any, model: torch.nn.Module, with_loss: bool, other: Any = None, size: int | None = None
) -> Feed:
    """One batch: ``(x, y)``, ``(x1, x2, y)``, a dictionary, or the input alone. ``other`` is a second one of its kind.

    Raises ``InputError`` for a batch without tensors.
    """
    first = _shapes(batch)
    tensors = Inputs((first,)).all()
    if not tensors:
        raise InputError(f"loader: expected tensors in a batch, got {_sort(batch)}; let `collate_fn` stack them")
    count = size if size and any(size in one.sizes[:2] for one in tensors) else _most(tensors)
    second = _shapes(other) if other is not None else None
    named, values = _named(first, second, count)
    args, keywords, target = _parts(named, model, with_loss)
    return Feed(Inputs(tuple(args), tuple(keywords.items())), target, count, values=values)


def feed_of_inputs(inputs: Inputs, target: Any = None) -> Feed:
    """Inputs and a target by their sizes, as the command line has them; the size that all begin with is the batch."""
    both = Inputs((inputs.args, target), inputs.named)
    if inputs.symbols() or Inputs((target,)).symbols():
        return Feed(inputs, target)
    renamed = both.by_batch(BATCH)
    if renamed is None:
        return Feed(inputs, target)
    changed, size = renamed
    return Feed(Inputs(changed.args[0], changed.named), changed.args[1], size)


def _shapes(value: Any) -> Any:
    """A batch with ``Given`` for each tensor. Raises ``InputError`` for arrays that are no tensors."""
    if type(value).__module__.startswith("numpy") and hasattr(value, "shape"):
        raise InputError(f"loader: expected tensors in a batch, got {_sort(value)}; make them tensors in `collate_fn`")
    if isinstance(value, torch.Tensor):
        return of_value(value)
    if isinstance(value, Mapping):
        return {str(name): _shapes(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_shapes(one) for one in value)
    return value


def _most(tensors: Sequence[Given]) -> int:
    """The size that most tensors begin with."""
    firsts = [one.sizes[0] for one in tensors if one.sizes and isinstance(one.sizes[0], int)]
    return max(firsts, key=firsts.count) if firsts else 0


def _named(value: Any, other: Any, size: int) -> tuple[Any, dict[str, int]]:
    """Names in the place of sizes: of the batch, and of what differs between two batches; and what stood there."""
    pairs: dict[tuple[int, int], str] = {}

    def one(given: Given, twin: Any) -> Given:
        sizes: list[int | str] = list(given.sizes)
        axis = 0 if sizes[:1] == [size] else 1 if sizes[1:2] == [size] and len(sizes) > 2 else None
        if axis is not None and size:
            sizes[axis] = BATCH
        if isinstance(twin, Given) and len(twin.sizes) == len(sizes):
            for i, (a, b) in enumerate(zip(given.sizes, twin.sizes, strict=True)):
                if i != axis and a != b and isinstance(a, int) and isinstance(b, int):
                    sizes[i] = pairs.setdefault((a, b), f"{STEPS}{len(pairs) + 1}" if pairs else STEPS)
        return replace(given, sizes=tuple(sizes))

    def walk(here: Any, there: Any) -> Any:
        if isinstance(here, Given):
            return one(here, there)
        if isinstance(here, dict):
            return {k: walk(v, there.get(k) if isinstance(there, dict) else None) for k, v in here.items()}
        if isinstance(here, tuple):
            twins = there if isinstance(there, tuple) and len(there) == len(here) else (None,) * len(here)
            return tuple(walk(a, b) for a, b in zip(here, twins, strict=True))
        return here

    walked = walk(value, other)
    return walked, {name: first for (first, _), name in pairs.items()}


def _parts(batch: Any, model: torch.nn.Module, with_loss: bool) -> tuple[list[Any], dict[str, Any], Any]:
    """What of a batch goes into the model, and what is the target."""
    names, needed, free = _arguments(model)
    if isinstance(batch, dict):
        found = {name: one for name, one in batch.items() if name in names or free}
        if found and (set(needed) <= set(found) or free):
            left = {name: one for name, one in batch.items() if name not in found or (with_loss and name in TARGETS)}
            kept = {name: one for name, one in found.items() if name not in left}
            target = next((left[name] for name in TARGETS if name in left), None)
            target = next(iter(left.values())) if target is None and len(left) == 1 else target
            return [], kept, target
        if len(needed) == 1 and not with_loss:
            return [batch], {}, None
        missing = [name for name in needed if name not in batch]
        raise InputError(
            f"loader: a batch is a dictionary of {listed(batch)}, the model takes {listed(names)}"
            f"{' and needs ' + listed(missing) if missing else ''}; name them alike, or give `batch=(inputs, target)`"
        )
    if not isinstance(batch, tuple):
        return [batch], {}, batch if with_loss else None
    if len(batch) == 1:
        return [batch[0]], {}, batch[0] if with_loss else None
    count = len(batch) - 1 if with_loss or len(batch) == 2 else len(batch)
    takes = min(max(len(needed), 1), count) if needed or names else count
    if not with_loss and len(needed) >= len(batch):
        takes = len(batch)
    rest = batch[takes:]
    return list(batch[:takes]), {}, rest[0] if len(rest) == 1 else rest or None


def _arguments(model: torch.nn.Module) -> tuple[list[str], list[str], bool]:
    """The names of what ``forward`` takes, those that it needs, and whether it takes any."""
    try:
        parameters = inspect.signature(type(model).forward).parameters
    except (TypeError, ValueError):
        return [], [], True
    some = [p for p in list(parameters.values())[1:] if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    free = any(p.kind == p.VAR_KEYWORD for p in parameters.values())
    return [p.name for p in some], [p.name for p in some if p.default is p.empty], free


def _sort(value: Any) -> str:
    """What a batch holds, in a few words."""
    if isinstance(value, (list, tuple)) and len(value) > 0:
        return f"{type(value).__name__} of {quoted(type(value[0]).__name__)}"
    return quoted(type(value).__name__)


def _taken(loader: Any) -> list[Any]:
    """Two batches at most, read here and not in other processes where the loader has a list of samples."""
    sampler: Any = getattr(loader, "batch_sampler", None)
    data: Any = getattr(loader, "dataset", None)
    if sampler is not None and hasattr(data, "__getitem__") and hasattr(loader, "collate_fn"):
        chosen = [list(indices) for indices in islice(iter(sampler), 2)]
        return [loader.collate_fn([data[i] for i in indices]) for indices in chosen]
    iterator = iter(loader)
    if iterator is loader:
        raise InputError(
            "loader: expected what can be read again, got an iterator; give the DataLoader, or one `batch=`"
        )
    return list(islice(iterator, 2))


def _counts(loader: Any, size: int | None) -> tuple[int, int]:
    """Samples in all, and in the last batch: 0 for what is not known; a last batch that is dropped counts as full."""
    try:
        samples = len(loader.sampler if hasattr(loader, "sampler") else loader.dataset)
    except (TypeError, AttributeError, NotImplementedError):
        return 0, 0
    if not size:
        return samples, 0
    drop = getattr(loader, "drop_last", False) or getattr(getattr(loader, "batch_sampler", None), "drop_last", False)
    return samples, size if drop or samples % size == 0 else samples % size


@contextmanager
def _chance_kept(loader: Any) -> Iterator[None]:
    """Every source of chance as it was, when it ends."""
    numpy = sys.modules.get("numpy")
    chance: Any = getattr(numpy, "random", None)
    drawn = chance.get_state() if chance is not None else None
    states, python = torch.get_rng_state(), random.getstate()
    owners = [
        loader,
        getattr(loader, "sampler", None),
        getattr(getattr(loader, "batch_sampler", None), "sampler", None),
    ]
    generators = [getattr(one, "generator", None) for one in owners]
    own = {id(one): one for one in generators if isinstance(one, torch.Generator)}
    before = {key: generator.get_state() for key, generator in own.items()}
    try:
        yield
    finally:
        torch.set_rng_state(states)
        random.setstate(python)
        for key, generator in own.items():
            generator.set_state(before[key])
        if chance is not None:
            chance.set_state(drawn)
