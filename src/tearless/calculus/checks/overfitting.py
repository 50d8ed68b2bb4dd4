"""This run went on after its loss on held-out rows had turned: what it learnt since is of single training rows.

## What it measures
The lowest loss on held-out rows, and the least of the last quarter of the run: by how much it rose, less what
noise makes of such a series, over what the held-out loss had fallen below that of knowing nothing. With it whether the
training loss fell on since, and the gap between training and held-out rows.

## Why it matters
The training loss promises what fresh rows do not keep. The best model of the run was the one at the lowest held-out
loss; it is gone unless it was saved.

## The mathematics
The lowest of n values that scatter by σ around one level lies about σ√(2 ln n) below it, so that every noisy series
"rises" from its minimum. σ is estimated from differences of differences of neighbours (their median size, over √6),
which a trend does not touch. Only what lies above that, and for all evaluations of the last quarter, counts.

## When it is wrong
Where the held-out loss rises while as many answers stay right, the model has become overconfident more than wrong: a
note then. Held-out rows of another kind than the training rows can turn without any overfitting.

## What to do
Keep the weights of the lowest held-out loss and stop there; then more rows, augmentation, weight decay or dropout, or a
smaller model.

## References
L. Prechelt, *Early stopping: but when?*, in Neural Networks: Tricks of the Trade (1998).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.held_out_curve import HeldOut, held_out
from tearless.calculus.run_pictures import turned
from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.capacity
picture = turned
SYMPTOM_OF = (
    "train-test-leak",
    "target-leak",
    "label-noise",
    "labels-unrelated",
    "train-mode-in-eval",
    "unscaled-input",
)

STILL_FALLS = Limit(
    of="train_since",
    at=1.0,
    unit="times",
    kind="derived",
    crossed="below",
    because="Overfitting lowers the training loss while the held-out loss rises. Where both rise the run diverges.",
)
SOME_GONE = Limit(
    of="gone",
    at=0.1,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="A tenth of what held-out rows had gained is lost again, beyond noise: worth an early stop.",
)
MUCH_GONE = Limit(
    of="gone",
    at=0.25,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A quarter of what held-out rows had gained is lost again, beyond noise. No theorem singles out the "
    "number.",
)
GAP = Limit(
    of="gap",
    at=0.1,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Ten answers in a hundred that are right in training are wrong on held-out rows (or, where answers are not "
    "known, the loss is higher by that part). A smaller gap is a matter of confidence.",
)

HEADLINE = "{turned}; the training loss fell on to {train}"
EVIDENCE = "{gone} of what was learnt of held-out rows is gone, beyond noise; {gap_said}"
WHY = "since then the model learns single training rows, which fresh rows do not repay"
DO = "{remedy}; then try weight decay (`weight_decay=1e-2`), dropout, more rows, or a smaller model"


def measure(run: Run) -> Iterator[Measured]:
    found = held_out(run)
    if found is None:
        raise CannotTell("the loss on held-out rows, and of training, is needed; this run tells none")
    by_loss = 1 - found.train / found.late if found.late > 0 else 0.0
    gap = by_loss if found.right_gap is None else found.right_gap
    since = found.train / found.train_then if found.train_then > 0 else float("nan")
    yield Measured(
        (),
        {
            "best": Number(found.best, "1", "lowest loss on held-out rows, or that of a constant"),
            "best_step": Number(found.best_step, "1", "step of the lowest held-out loss"),
            "late": Number(found.late, "1", "least held-out loss of the last quarter of the run"),
            "noise": Number(found.noise, "1", "how far below its level the lowest of so many values lies by chance"),
            "gone": Number(found.gone, "share", "rise beyond noise over the fall before it"),
            "train": Number(found.train, "1", "training loss late in the run"),
            "train_since": Number(since, "times", "training loss late over that at the lowest held-out loss"),
            "gap": Number(
                gap, "share", "right answers in training less those on held-out rows, or the gap of the losses"
            ),
            "evaluations": Number(found.evaluations, "evaluations", "evaluations on held-out rows"),
        },
        words=_words(found, gap),
    )


def _words(found: HeldOut, gap: float) -> dict[str, str]:
    if found.best_step:
        turned = (
            f"the held-out loss turned at step {found.best_step:,} and rose from {found.best:.3g} to {found.late:.3g}"
        )
        remedy = f"keep the weights of the lowest held-out loss and stop there (about step {found.best_step:,})"
    else:
        turned = f"the held-out loss is {found.late:.3g}, above the {found.best:.3g} of knowing nothing"
        remedy = "evaluate on held-out rows each epoch, keep the weights of their lowest loss and stop there"
    kind = "the gap of the losses is" if found.right_gap is None else "right answers fall short by"
    return {"turned": turned, "remedy": remedy, "gap_said": f"{kind} {100 * gap:.3g} %"}


def _curves(rng: np.random.Generator, held: list[float], train: float, right: float, steps: int = 100) -> Entries:
    """A run with these held-out losses at equal distances, its training loss falling to ``train``."""
    entries = [entry for entry in healthy_run(rng) if entry["kind"] != "evaluation"]
    curve = train + (1.0986 - train) * np.exp(-np.arange(steps) / 20) + rng.normal(0, 0.01, steps)
    of_kind(entries, "losses")[0]["values"] = np.maximum(curve, 1e-4).tolist()
    for call in of_kind(entries, "loss"):
        call.update(value=float(curve[call["step"] - 1]), right=float(np.clip(np.exp(-curve[call["step"] - 1]), 0, 1)))
    for i, loss in enumerate(held):
        at = {"kind": "evaluation", "step": (i + 1) * steps // len(held), "samples": 256, "line": "train.py:30"}
        entries.append({**at, "loss": loss + float(rng.normal(0, 0.01)), "right": right})
    return entries


def _turning(best: float, late: float, n: int = 20) -> list[float]:
    falling = np.linspace(1.0, best, n // 3)
    return [*falling.tolist(), *np.linspace(best, late, n - n // 3).tolist()]


@healthy
def falls_to_the_end(rng: np.random.Generator) -> Example:
    return as_example(_curves(rng, np.linspace(1.0, 0.3, 20).tolist(), 0.2, 0.9))


@healthy
def turns_a_little(rng: np.random.Generator) -> Example:
    return as_example(_curves(rng, _turning(0.4, 0.44), 0.05, 0.88))


@healthy
def only_noise(rng: np.random.Generator) -> Example:
    held = 0.6 + rng.normal(0, 0.12, 20)
    return as_example(_curves(rng, held.tolist(), 0.3, 0.75))


@sick
def turns_and_climbs(rng: np.random.Generator) -> Example:
    return as_example(_curves(rng, _turning(0.7, 1.6), 0.01, 0.7))


@sick
def evaluated_once_at_the_end(rng: np.random.Generator) -> Example:
    return as_example(_curves(rng, [2.1], 0.01, 0.5))


@sick
def turns_but_as_many_right(rng: np.random.Generator) -> Example:
    return as_example(_curves(rng, _turning(0.3, 0.6), 0.04, 0.96))


@healthy
def both_rise(rng: np.random.Generator) -> Example:
    entries = _curves(rng, _turning(0.5, 1.4), 0.3, 0.5)
    curve = [*np.linspace(1.1, 0.4, 35), *np.linspace(0.4, 1.5, 65)]
    of_kind(entries, "losses")[0]["values"] = curve
    for call in of_kind(entries, "loss"):
        call["value"] = curve[call["step"] - 1]
    return as_example(entries)


@fooled("fires", "the held-out rows are of another year, and turned with the times: no single row was learnt by heart")
def another_year(rng: np.random.Generator) -> Example:
    return as_example(_curves(rng, _turning(0.7, 1.2), 0.3, 0.55))
