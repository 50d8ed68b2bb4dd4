"""A whole training step on tensors without numbers: forward, loss, backward, the last batch, and evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from tearless.core import InputError
from tearless.integrations.shapes.explain import explained
from tearless.linear_algebra.shapes import Explanation, Where, written

from .clash_origins import with_origins
from .copies import without_data
from .failing import explanation_of, line_of
from .fake import Unknowable
from .feeding import Feed, feed_of_batch, feed_of_loader
from .loading import Loaded, claimed_device
from .running import Ran, run
from .several import usual_dtype
from .step_words import own_words, said, squeezed
from .stepping import Loss, asked_of_loss, loss_of, not_held, pairs_met
from .suspected import entry_of_step, suspected
from .symbols import Fits, points


@dataclass(frozen=True, slots=True)
class Part:
    """One pass of the dry run: how it is called, at which sizes it ran, and what ended it, if anything did."""

    name: str
    sizes: Mapping[str, int]
    ran: Ran | None = None
    stage: str = ""
    """Where it ended: ``collate``, ``forward``, ``loss`` or ``backward``; empty where it came to its end."""
    explanation: Explanation | None = None
    where: Where | None = None
    message: str = ""

    @property
    def unknowable(self) -> bool:
        """Whether it ended because only data could tell how it goes on."""
        return self.ran is not None and isinstance(self.ran.traced.error, Unknowable)

    @property
    def ended(self) -> bool:
        """Whether something ended it that would end the real step too."""
        return bool(self.stage) and not self.unknowable


@dataclass(frozen=True, slots=True)
class DryRun:
    """What came of it. ``parts`` are the passes that ran, in order; a later one may be missing where one ended."""

    feed: Feed | None
    parts: tuple[Part, ...]
    found: tuple[Mapping[str, Any], ...] = ()
    """Entries of the fact ``Seen``: clashes, axes taken for others, operations that stretch both operands."""
    notes: tuple[str, ...] = ()

    @property
    def goes_through(self) -> bool:
        """Whether no pass was ended."""
        return not any(part.ended for part in self.parts)

    def entries(self) -> list[Mapping[str, Any]]:
        """Entries for the checks of shapes."""
        return list(self.found)

    def fed(self) -> str:
        """What it was fed with, in one line."""
        return _fed(self.feed) if self.feed is not None else "nothing"

    def to_text(self, width: int = 80) -> str:
        """What was run and what came of it; plain characters."""
        return "\n".join(self._lines(width))

    def _lines(self, width: int) -> Iterator[str]:
        if self.feed is not None:
            yield f"fed with {self.fed()}"
        for part in self.parts:
            state = (
                f"ends in {part.stage}" if part.ended else "goes on where only data can tell" if part.stage else "ok"
            )
            at = ", ".join(f"{name} = {size}" for name, size in part.sizes.items())
            yield f"{part.name}{f' ({at})' if at else ''}: {state}"
            if part.explanation is not None:
                yield part.explanation.to_text(width)
            elif part.message:
                yield f"    {part.message}" + (f" at {part.where}" if part.where else "")
        yield from (one["says"] for entry in self.found for one in entry.get("suspicions") or ())
        yield from self.notes


@dataclass
class _Dry:
    """One dry run while it goes on."""

    loaded: Loaded
    feed: Feed
    loss: Any
    device: torch.device
    parts: list[Part] = field(default_factory=list)
    found: list[Mapping[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def ran(self, values: Mapping[str, int], training: bool = True, named: bool = False) -> tuple[Ran, Loss]:
        """One run at these values of the names, with the loss and the backward pass after the model.

        ``named`` says that the values are primes, so that sizes made of them are told by their names.
        """
        model = without_data(self.loaded.model)
        loss = without_data(self.loss) if isinstance(self.loss, torch.nn.Module) else self.loss
        args, given, target = self.feed.at(values, usual_dtype(model))
        after = Loss(loss, target, training)
        handle = model.register_forward_hook(after.hook)
        try:
            done = run(
                model,
                args,
                given,
                symbols=values if named else {},
                made=self.loaded.made,
                device=self.device,
                training=training,
                backward=False,
            )
        finally:
            handle.remove()
        return done, after


def dry_run(
    model: torch.nn.Module | Loaded,
    loader: Any = None,
    *,
    batch: Any = None,
    feed: Feed | None = None,
    loss: Any = None,
    optimizer: Any = None,
) -> DryRun:
    """Run one training step without numbers: forward, loss and backward; then the last batch; then evaluation.

    One of ``loader`` (one batch or two are read, for shapes and types alone), ``batch`` (as a loader gives it; arrays,
    or what ``tearless.trace`` takes for inputs) or ``feed``. ``loss`` takes the output and the target: a layer, its
    class, its name (``"CrossEntropyLoss"``) or a function. Model, loader, random states stay what they were. Raises
    ``InputError`` for what cannot be fed.

    >>> from torch import nn
    >>> batch = torch.zeros(4, 8), torch.zeros(4, dtype=torch.int64)
    >>> step = dry_run(nn.Linear(8, 3), batch=batch, loss="CrossEntropyLoss")
    >>> step.goes_through, [part.name for part in step.parts]
    (True, ['training step', 'any batch', 'a batch of one', 'evaluation'])
    """
    loaded = model if isinstance(model, Loaded) else Loaded(model, type(model).__name__, {})
    asked = loss_of(loss)
    if sum(one is not None for one in (loader, batch, feed)) != 1:
        raise InputError("loader: expected a loader or one batch; give `loader=` or `batch=`")
    try:
        fed = feed or _fed_by(loader, batch, loaded.model, asked is not None)
    except InputError:
        raise
    except Exception as fault:  # noqa: BLE001 - whatever the data set or collate_fn raises is told
        return _not_fed(fault)
    dry = _Dry(loaded, fed, asked, claimed_device(loaded.model))
    _all_parts(dry)
    notes = (*dry.notes, *not_held(loaded.model, optimizer))
    return DryRun(fed, tuple(dry.parts), tuple(dry.found), notes)


def _fed_by(loader: Any, batch: Any, model: torch.nn.Module, with_loss: bool) -> Feed:
    return feed_of_loader(loader, model, with_loss) if batch is None else feed_of_batch(batch, model, with_loss)


def _not_fed(fault: Exception) -> DryRun:
    """The data set or ``collate_fn`` raised: there is no batch to run with."""
    found = own_words(fault) or explained(fault)
    part = Part("the first batch", {}, None, "collate", found, line_of(fault), said(fault))
    return DryRun(None, (part,), ({**found.entry(), "part": part.name},) if found is not None else ())


def _all_parts(dry: _Dry) -> None:
    names = dry.feed.names()
    real = dry.feed.real()
    whole = _part(dry, "training step", real, [dry.ran(real)])
    if whole.ended:
        several = [dry.ran(point, named=True) for point in points(names)] if names else []
        if several and all(ran.traced.error is not None for ran, _ in several):
            whole = replace(_part(dry, whole.name, real, several), sizes=real)
    _add(dry, whole)
    if whole.ended:
        return
    if names:
        _any_size(dry, points(names)[0], names)
    _last_batch(dry)
    evaluation = _part(dry, "evaluation", real, [dry.ran(real, training=False)])
    _add(dry, evaluation)
    if whole.ran is not None:
        dry.found += pairs_met(whole.ran.traced, dry.loss, dry.feed.at(real, torch.float32)[2])


def _any_size(dry: _Dry, point: Mapping[str, int], names: Mapping[str, int]) -> None:
    """The step at sizes that nobody chose: a size that is written in the code shows; and which axes mix samples."""
    done = dry.ran(point, named=True)
    if done[0].traced.error is not None and len(names) > 1:
        point = {**dry.feed.real(), **({"n": point["n"]} if "n" in point else {})}
        names, done = {"n": 0}, dry.ran(point, named=True)
    part = _part(dry, "any batch", {}, [done])
    if part.ended and len(point) == len(names):
        others = [done, *(dry.ran(other, named=True) for other in points(names)[1:])]
        if all(ran.traced.error is not None for ran, _ in others):
            part = _part(dry, part.name, {}, others)
    if part.ended:
        why = part.explanation.clash.says if part.explanation is not None else part.message
        dry.notes.append(f"it goes through at a batch of {dry.feed.size} only, a size is written in the code: {why}")
    elif not part.stage:
        in_evaluation, _ = dry.ran(point, training=False, named=True)
        dry.parts.append(part)
        dry.found += suspected(done[0].traced, in_evaluation.traced, "n", dry.feed.size or None)


def _last_batch(dry: _Dry) -> None:
    """The last batch where it is smaller; a batch of one where nobody knows how large it is."""
    feed = dry.feed
    if "n" not in dry.feed.names():
        return
    if feed.last and feed.last != feed.size:
        values = dry.feed.real(feed.last)
        part = _part(dry, f"the last batch, of {feed.last}", values, [dry.ran(values)])
        _add(dry, part)
        whole = dry.parts[0].ran
        if feed.last == 1 and part.ran is not None and whole is not None:
            dry.found += [
                entry_of_step(part.ran.traced, at, [one]) for at, one in squeezed(part.ran.traced, whole.traced)
            ]
        if part.ended:
            dry.notes.append(f"{feed.samples} samples leave {feed.last} for the last batch: `drop_last=True` drops it")
    elif not feed.samples:
        values = dry.feed.real(1)
        part = _part(dry, "a batch of one", values, [dry.ran(values)])
        if part.ended:
            said = f"a last batch of one sample would end in {part.stage}: {part.message}; `drop_last=True` avoids it"
            dry.notes.append(said)
        else:
            dry.parts.append(part)


def _add(dry: _Dry, part: Part) -> None:
    dry.parts.append(part)
    if part.ended and part.explanation is not None:
        dry.found.append({**part.explanation.entry(), "part": part.name})


def _part(dry: _Dry, name: str, sizes: Mapping[str, int], runs: Sequence[tuple[Ran, Loss]]) -> Part:
    """What came of runs of one pass: the first is shown, others tell the names of its sizes."""
    ran, after = runs[0]
    error = ran.traced.error
    if error is None:
        return Part(name, sizes, ran)
    stage = after.stage or "forward"
    found = asked_of_loss(dry.loss, ran.traced, after.target, len(runs) > 1) if stage == "loss" else None
    found = found or own_words(error, ran.traced, after.value, len(runs) > 1)
    if found is None and not isinstance(error, Unknowable):
        errors = [one.traced.error for one, _ in runs if one.traced.error is not None]
        at = [one.traced.symbols for one, _ in runs]
        found = _without_meta(explanation_of(errors, Fits(at)))
    found = with_origins(found, ran.traced) if found is not None else None
    return Part(name, sizes, ran, stage, found, line_of(error), said(error))


def _without_meta(found: Explanation | None) -> Explanation | None:
    """The explanation, unless it is of the device that tensors without numbers are on."""
    return None if found is not None and "meta" in found.clash.says.split() else found


def _fed(feed: Feed) -> str:
    def one(given: Any) -> str:
        return f"{written(given.sizes)} {given.dtype}".strip().replace("'", "")

    inputs = ", ".join(one(given) for given in feed.inputs.all())
    targets = feed.tensors()[len(feed.inputs.all()) :]
    target = f"; target {', '.join(map(one, targets))}" if targets else ""
    size = f"; n = {feed.size}" if feed.size else ""
    return f"{inputs}{target}{size}"
