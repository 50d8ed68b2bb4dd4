"""The runs of a model that a question takes: at the sizes asked for, and at others, so that laws can be read off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from .copies import without_data
from .fake import Unknowable
from .inputs import Given, Inputs
from .laws import Laws
from .loading import Loaded
from .running import Ran, is_lazy, run
from .symbols import BATCH, MULTIPLES, Fits, points

HIDDEN = "n"
"""The name of the batch where the input names no size."""


@dataclass(frozen=True, slots=True)
class Runs:
    """What was run. ``shown`` is the run whose shapes are shown; it may have ended with an error.

    ``laws`` are of the training pass, ``inference`` of the pass without gradients; ``None`` where they cannot be told.
    Where the run ended early, ``laws`` are of the steps until there.
    ``multiple`` is what sizes other than the batch must be a multiple of; 1 for nothing.
    """

    shown: Ran
    inputs: Inputs
    laws: Laws | None
    inference: Laws | None
    point: Mapping[str, int]
    """The values of the names at which ``shown`` ran."""
    batch: str = ""
    multiple: int = 1
    notes: tuple[str, ...] = ()
    fixed: tuple[int, int] | None = None
    """Sizes of axis 0 beside the one that was asked for, where the model goes through with neither."""


def seen(loaded: Loaded, inputs: Inputs, device: torch.device, training: bool = True) -> Runs:
    """Run the model as often as it takes."""
    if any(map(is_lazy, loaded.model.parameters())):
        shaped = ran_at(loaded, inputs, device, points(inputs.symbols())[0] if inputs.symbols() else {}, training)
        if shaped.traced.error is None:
            loaded = Loaded(shaped.traced.model, loaded.name, loaded.made, loaded.notes)
    inputs, first, point, multiple, notes = _first(loaded, inputs, device, training)
    names = inputs.symbols()
    if first.traced.error is not None:
        return Runs(first, inputs, _failing(loaded, inputs, device, first, training), None, point, "", multiple, notes)
    if names:
        batch = next((name for name, axis in names.items() if axis == 0), "")
        at = points(names, multiple)
        laws = _laws(loaded, inputs, device, at, training, first)
        inference = _laws(loaded, inputs, device, at, False, None) if laws is not None else None
        return Runs(first, inputs, laws, inference, point, batch, multiple, notes)
    hidden = inputs.by_batch(HIDDEN)
    if hidden is None:
        inference = _laws(loaded, inputs, device, [{}], False, None)
        return Runs(first, inputs, Laws([first], Fits([{}])), inference, {}, "", 1, notes)
    named, size = hidden
    at = [{HIDDEN: size}, *({HIDDEN: value} for value in BATCH[0][:2])]
    if _looped(loaded, named, device, first, size, training):
        at = [{HIDDEN: size}, *({HIDDEN: size + more} for more in (3, 8))]
    laws = _laws(loaded, named, device, at, training, first)
    inference = _laws(loaded, named, device, at, False, None)
    fixed = _fixed(loaded, named, device, size, training) if laws is None else None
    return Runs(first, inputs, laws, inference, {HIDDEN: size}, HIDDEN if laws is not None else "", 1, notes, fixed)


def _fixed(loaded: Loaded, named: Inputs, device: torch.device, size: int, training: bool) -> tuple[int, int] | None:
    """One less and one more, where the model goes through with neither: its axis 0 must be as long as it is."""
    if size < 3:
        return None
    errors = [ran_at(loaded, named, device, {HIDDEN: one}, training).traced.error for one in (size - 1, size + 1)]
    refused = [isinstance(one, (RuntimeError, ValueError)) and not isinstance(one, Unknowable) for one in errors]
    return (size - 1, size + 1) if all(refused) else None


def _looped(loaded: Loaded, named: Inputs, device: torch.device, first: Ran, size: int, training: bool) -> bool:
    """Whether the model goes over axis 0 step by step: there are more steps where it is longer by one."""
    functions = sum(1 for _ in first.traced.functions())
    if functions < size:
        return False
    longer = ran_at(loaded, named, device, {HIDDEN: size + 1}, training)
    return longer.traced.error is None and len(longer.traced.steps) > len(first.traced.steps)


def _failing(loaded: Loaded, inputs: Inputs, device: torch.device, first: Ran, training: bool) -> Laws | None:
    """Runs at other sizes that end as the first one did, so that the sizes until there get their names."""
    names = inputs.symbols()
    if not names:
        return None
    at = points(names)
    runs = [first, *(ran_at(loaded, inputs, device, point, training) for point in at[1:])]
    return Laws(runs, Fits(at)) if all(ran.traced.error is not None for ran in runs) else None


def _first(
    loaded: Loaded, inputs: Inputs, device: torch.device, training: bool
) -> tuple[Inputs, Ran, dict[str, int], int, tuple[str, ...]]:
    """The run that is shown: at multiples of 2, 4 ... where sizes go through only so; indices as whole numbers."""
    names, notes = inputs.symbols(), loaded.notes
    point = points(names)[0] if names else {}
    first = ran_at(loaded, inputs, device, point, training, loud=True)
    whole = _as_indices(first, inputs)
    if whole is not None:
        inputs = whole
        first = ran_at(loaded, inputs, device, point, training)
        notes = (*notes, "an input without a dtype was taken as int64: it goes into an embedding")
    if first.mixed:
        notes = (*notes, "mixed precision is not followed: types and bytes are those without autocast")
    free = [name for name, axis in names.items() if axis > 0]
    if first.traced.error is None or isinstance(first.traced.error, Unknowable) or not free:
        return inputs, first, point, 1, notes
    for multiple in MULTIPLES[1:]:
        other = points(names, multiple)[0]
        again = ran_at(loaded, inputs, device, other, training)
        if again.traced.error is None:
            return inputs, again, other, multiple, notes
    return inputs, first, point, 1, notes


def _as_indices(ran: Ran, inputs: Inputs) -> Inputs | None:
    """The same with whole numbers for what an embedding refused to take as fractions; ``None`` elsewhere."""
    error = ran.traced.error
    if error is None or "indices" not in str(error) or all(one.dtype for one in inputs.all()):
        return None
    failed = next(
        (call for call in reversed(list(ran.traced.layers())) if not call.ended and call.rule == "embedding"), None
    )
    if failed is None or not failed.takes:
        return None
    asked = failed.takes[0].number
    places = [i for i, one in enumerate(ran.traced.takes) if one.number == asked]
    count = -1

    def change(one: Given) -> Given:
        nonlocal count
        count += 1
        return replace(one, dtype="int64") if not one.dtype and (count in places or not places) else one

    return inputs.changed(change)


def _laws(
    loaded: Loaded, inputs: Inputs, device: torch.device, at: list[dict[str, int]], training: bool, first: Ran | None
) -> Laws | None:
    runs = [] if first is None else [first]
    for point in at[len(runs) :]:
        ran = ran_at(loaded, inputs, device, point, training)
        if ran.traced.error is not None:
            return None
        runs.append(ran)
    return Laws(runs, Fits(at))


def ran_at(
    loaded: Loaded, inputs: Inputs, device: torch.device, point: Mapping[str, int], training: bool, loud: bool = False
) -> Ran:
    """One run of a fresh copy, the names having these values."""
    model = without_data(loaded.model)
    args, named = inputs.made(point, usual_dtype(model))
    return run(
        model,
        args,
        named,
        symbols=point,
        made=loaded.made,
        device=device,
        training=training,
        backward=training,
        loud=loud,
    )


def usual_dtype(model: torch.nn.Module) -> torch.dtype:
    """The type of the model's first parameter that holds fractions."""
    return next((p.dtype for p in model.parameters() if p.dtype.is_floating_point), torch.get_default_dtype())
