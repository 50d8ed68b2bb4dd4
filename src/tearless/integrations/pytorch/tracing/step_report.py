"""The report on a whole training step: which passes go through, and what the checks of shapes find in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from tearless.core import InputError, Number, quoted, visible
from tearless.doctor.seen_shapes import report_on
from tearless.report.answer import Answer, Block
from tearless.report.report import Report

from .copies import without_data
from .feeding import Feed, feed_of_inputs
from .inputs import of_text, of_texts
from .loading import Loaded, _imported, _named, bare, loaded, parsed
from .step import DryRun, Part, dry_run

WIDE = 78
LABELS = {"training step": "step", "a batch of one": "one sample", "the first batch": "batch"}
LABELS |= {name: name for name in ("any batch", "evaluation")}


def report_of_step(
    model: torch.nn.Module | Loaded,
    loader: Any = None,
    *,
    batch: Any = None,
    feed: Feed | None = None,
    loss: Any = None,
    optimizer: Any = None,
    seed: int = 0,
) -> Report:
    """One training step of a model as a report; arguments and errors as those of ``dry_run``.

    >>> report = report_of_step(torch.nn.Linear(8, 1), batch=(torch.zeros(4, 8), torch.zeros(4)), loss="MSELoss")
    >>> report["passes"].value, [finding.name for finding in report.findings]
    (4.0, ['accidental-broadcast'])
    """
    if isinstance(model, Loaded):
        found = model
    elif isinstance(model, torch.nn.Module):
        inner = bare(model)
        found = Loaded(without_data(inner), type(inner).__name__, {})
    else:
        raise InputError(f"model: expected a torch.nn.Module, got {quoted(type(model).__name__)}; give the model")
    step = dry_run(found, loader, batch=batch, feed=feed, loss=loss, optimizer=_of_copy(model, optimizer))
    notes = (*found.notes, *step.notes, *_outside(model, optimizer))
    entries = tuple(step.entries()) or (_nothing(found.name),)
    return report_on(entries, found.name, lambda: answer_of(found.name, step), notes, seed)


def step_of_target(
    target: str,
    inputs: Sequence[str] = (),
    loader: str | None = None,
    loss: str | None = None,
    wanted: str | None = None,
    seed: int = 0,
) -> Report:
    """The report on ``module:Model`` fed by ``module:loader`` or by sizes, as the command line names them.

    ``wanted`` are the sizes of the target, such as ``32:int64``; ``loss`` a name in ``torch.nn``, or ``module:loss``.
    """
    if (loader is None) == (not inputs):
        raise InputError("loader: expected --loader or --input, one of them; give --loader module:loader")
    found = loaded(target)
    chosen = named_thing(loss) if loss is not None and ":" in loss else loss
    if loader is None:
        feed = feed_of_inputs(of_texts(inputs), of_text(wanted) if wanted is not None else None)
        return report_of_step(found, feed=feed, loss=chosen, seed=seed)
    given = named_thing(loader)
    if callable(given) and not hasattr(given, "__iter__"):
        given = given()
    return report_of_step(found, given, loss=chosen, seed=seed)


def named_thing(text: str) -> Any:
    """What ``module:name`` names; called where arguments are written, ``data:make(32)``. Raises ``InputError``."""
    place, name, args, given = parsed(text)
    thing = _named(_imported(place), name, place)
    return thing(*args, **given) if "(" in text else thing


def _of_copy(model: Any, optimizer: Any) -> Any:
    """The optimizer, where the model is not a copy of the one whose parameters it holds."""
    return optimizer if isinstance(model, Loaded) else None


def _outside(model: Any, optimizer: Any) -> Iterator[str]:
    from .stepping import not_held

    if isinstance(model, torch.nn.Module):
        yield from not_held(model, optimizer)


def _nothing(name: str) -> dict[str, Any]:
    """An entry for a step in which nothing was found: that something was looked at."""
    return {"kind": "layer", "path": "", "type": name, "takes": [], "gives": [], "settings": {}, "file": "", "line": 0}


def answer_of(name: str, step: DryRun) -> Answer:
    """What came of the step."""
    ended = [part for part in step.parts if part.ended]
    numbers = {
        "passes": Number(len(step.parts), "passes", "passes that were run without numbers"),
        "ended": Number(len(ended), "passes", "those that an error ended"),
    }
    blocks = tuple(
        Block(part.name, tuple(part.explanation.to_text(WIDE).splitlines()))
        for part in ended
        if part.explanation is not None
    )
    return Answer(_verdict(name, step, ended), tuple(_said(step)), numbers, blocks=blocks)


def _verdict(name: str, step: DryRun, ended: Sequence[Part]) -> str:
    if ended:
        first = ended[0]
        return f"a training step of {quoted(name)} does not go through: {first.name} ends in {first.stage}"
    unknown = [part for part in step.parts if part.stage]
    if unknown:
        return f"a training step of {quoted(name)} goes through as far as can be told: {unknown[0].message}"
    return f"a training step of {quoted(name)} goes through: {', '.join(part.name for part in step.parts)}"


def _said(step: DryRun) -> Iterator[tuple[str, str]]:
    if step.feed is not None:
        yield "fed with", step.fed()
    for part in step.parts:
        at = ", ".join(f"{name} = {size}" for name, size in part.sizes.items())
        label = LABELS.get(part.name, "last batch")
        if not part.stage:
            yield label, f"goes through{f' at {at}' if at else ''}"
        elif part.explanation is not None:
            yield label, f"ends in {part.stage}: {visible(part.explanation.clash.says, 300)}"
        else:
            yield label, f"ends in {part.stage}: {part.message}{f' at {part.where}' if part.where else ''}"
