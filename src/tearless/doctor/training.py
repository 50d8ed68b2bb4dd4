"""What is wrong with a training run, cause first: the checks on its record, and what experiments say of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tearless.core import Asked, Finding, Mend, Number, Outcome, Severity
from tearless.core.catalogue import catalogue
from tearless.core.check import Check
from tearless.core.number import shown
from tearless.readers.source import Source
from tearless.readers.training.also_told import Experiment
from tearless.readers.training.run import Run
from tearless.report.report import Report

from .causes import of_a_run
from .examine import examine
from .gather import Progress
from .run_summary import summary

REFUTED = 0.02
"""Gain below which a changed run is no better than the run as it is: both see the same few batches."""
CONFIRMED = 0.1
"""Share of the first loss by which the changed steps must have come further for a suspicion to count as confirmed."""
APART = 100.0
"""Times by which the first loss of a copy may differ from the run's: by its batches, and not by a scale of 65536."""
WORDS = {
    "rate": "with the rate at {value}",
    "momentum": "with momentum {value}",
    "weight_decay": "without weight decay",
    "dropout": "without dropout",
    "softmax": "without that function",
    "axis": "with the softmax over the last axis",
    "shape": "with both of one shape",
    "sign": "with the other sign",
    "inputs": "with standardised inputs",
    "weights": "with first weights of variance 2 / fan-in",
    "learning": "with every parameter given to the optimiser",
    "labels": "with shuffled labels",
    "cleared": "with gradients cleared before each backward call",
    "unclipped": "without clipping",
}


def checks_of_runs() -> list[Check]:
    """Every check that looks at a training run."""
    return [check for entry in catalogue() if (check := entry.load()).about == "training"]


def diagnosed(
    source: Source,
    seed: int = 0,
    checks: Sequence[Check] | None = None,
    skipped: Sequence[Outcome] = (),
    progress: Progress | None = None,
) -> Report:
    """The report on a run: ``source`` holds the lines of its record (``readers.training.source``).

    Findings that were tested on a copy say what came of it. Where the changed steps did no better, a suspicion of data,
    optimiser or capacity is no more than a note.
    """
    checks = checks_of_runs() if checks is None else checks
    report = replace(examine(source, checks, Asked(seed=seed), None, skipped, progress, summary), columns=0)
    tested = experiments_in(source)
    if not tested:
        return report
    findings = [told(f, tested[f.name]) if f.name in tested else f for f in report.findings]
    bare = [replace(f, because=None) for f in findings]
    gains = {name: gain(best(found)) for name, found in tested.items()}
    return replace(report, findings=tuple(of_a_run(bare, {c.name: c.symptom_of for c in checks}, gains)))


def experiments_in(source: Source) -> Mapping[str, list[Experiment]]:
    """The experiments of a record, by the check whose suspicion they test."""
    found: dict[str, list[Experiment]] = {}
    for batch in source.batches():
        run = Run.of(batch)
        for name in WORDS:
            for one in run.experiments(name):
                if faithful(run, one):
                    found.setdefault(one.check, []).append(one)
    return found


def faithful(run: Run, test: Experiment) -> bool:
    """Whether the copy's steps were like the run's: they tell nothing of a suspicion where they were not.

    Not where the copy starts from another loss by far (one that was scaled); nor where rates were tried that say
    nothing of the run's: those of the first steps of a warm-up or a cycle, and 0 times any factor.

    >>> run = Run.from_entries([{"kind": "losses", "first": 1, "values": [2.0], "rates": [0.1]}])
    >>> [faithful(run, Experiment("rate", "learning-rate-too-high", value, start=2.0)) for value in (0.01, 1e-6)]
    [True, False]
    """
    first = next((abs(float(one)) for one in run.losses if math.isfinite(one)), 0.0)
    start = abs(test.start) if test.start is not None and math.isfinite(test.start) else 0.0
    if first and start and not 1 / APART < start / first < APART:
        return False
    if test.experiment == "rate" and test.value is not None:
        highest = max((float(one) for one in run.rates if math.isfinite(one)), default=0.0)
        return test.value > 0 and (test.check != "learning-rate-too-high" or test.value >= highest / 1000)
    return True


def best(tests: Sequence[Experiment]) -> Experiment:
    """The experiment that came furthest."""
    return max(tests, key=gain)


def gain(test: Experiment) -> float:
    """How much further the changed steps came: the larger of two shares.

    One is that of the first loss that was lost, less the same without the change; the other that of the loss at the end
    as it is which the change takes away. With shuffled labels the question is turned: confirmed where they are learnt
    about as well as the real ones.

    >>> round(gain(Experiment("rate", start=2.0, before=1.9, after=0.5, changed_start=2.0)), 3)
    0.737
    """
    changed = _progress(test.changed_start if test.changed_start is not None else test.start, test.after)
    difference = changed - _progress(test.start, test.before)
    if test.experiment == "labels":
        return 2 * CONFIRMED + difference
    return max(difference, _progress(test.before, test.after)) if test.experiment != "sign" else difference


def _progress(start: float | None, end: float | None) -> float:
    if start is None or end is None or not math.isfinite(start) or start == 0:
        return 0.0
    return max(-1.0, (start - end) / abs(start)) if math.isfinite(end) else -1.0


def told(finding: Finding, tests: Sequence[Experiment]) -> Finding:
    """The finding with what its best experiment gave; a note where that refutes it.

    A broken contract is a fact, whatever a few steps gave: where they gave nothing, nothing is said of them.
    """
    one = best(tests)
    if gain(one) < REFUTED and finding.mend < Mend.data:
        return finding
    words = WORDS[one.experiment].format(value=shown(one.value))
    came = f"{words} the same {one.steps} steps end at {_loss(one.after)} instead of {_loss(one.before)}"
    refuted = gain(one) < REFUTED
    said = f"{finding.said or _numbers(finding)}; tested on a copy: {came}"
    evidence = {
        **finding.evidence,
        "loss_as_it_is": Number(one.before, "1", f"loss after {one.steps} steps on a copy as the run has it"),
        "loss_changed": Number(one.after, "1", f"the same {words}"),
    }
    severity = Severity.note if refuted else finding.severity
    return replace(finding, said=said, evidence=evidence, severity=severity)


def _numbers(finding: Finding) -> str:
    return ", ".join(f"{name} {number}" for name, number in finding.evidence.items())


def _loss(value: float | None) -> str:
    return "no finite loss" if value is None or not math.isfinite(value) else shown(value)
