"""The rivals of the bench: their alarms name faults that exist, and the rules fire where they should."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "faults"))

from expected import BROKEN, HEALTHY, NAMES
from rival_curves import CURVES, rows
from rival_keras import AUTOTRAINER, UMLAUT
from rival_live import IN_BATCHES, IN_GRADIENTS, LIVE
from rival_names import ASIDE, NAMED
from rival_rules import LEFT_OUT, SAGEMAKER, Alarm, fired
from rivals import HEADS, OWN, PUBLISHED, Row, ordered, sampled

from tearless.readers.training.made import healthy_run, of_kind
from tearless.readers.training.run import Run

Entries = list[dict[str, Any]]
Change = Callable[[Entries], None]


def test_alarms_name_faults_of_the_bench() -> None:
    for rules in NAMED.values():
        for meant in rules.values():
            assert set(meant.goodwill) <= NAMES
            assert set(meant.strict) <= set(meant.goodwill)


def test_every_rule_has_its_names_and_every_rival_too() -> None:
    assert set(NAMED) == {*PUBLISHED, *CURVES, *LIVE}
    assert set(LEFT_OUT) == set(PUBLISHED)
    for rival, rules in PUBLISHED.items():
        assert list(NAMED[rival]) == list(rules)
    assert set(NAMED["traintools"]) == {*IN_GRADIENTS.values(), *IN_BATCHES.values()}
    assert not any(set(aside) & set(NAMED[rival]) for rival, aside in ASIDE.items())


def _set(kind: str, **fields: Any) -> Change:
    return lambda entries: [entry.update(fields) for entry in of_kind(entries, kind)] and None


def _numbers(kind: str, name: str, number: float | None, where: slice = slice(None)) -> Change:
    """One number in all places of a list, or in some."""

    def change(entries: Entries) -> None:
        for entry in of_kind(entries, kind):
            entry[name][where] = [number] * len(entry[name][where])

    return change


def _op(function: str, at: int = 1, **fields: Any) -> Change:
    """Another function in place of the op there."""
    return lambda entries: of_kind(entries, "graph")[0]["ops"][at].update(function=function, **fields)


def _all(*changes: Change) -> Change:
    def change(entries: Entries) -> None:
        for one in changes:
            one(entries)

    return change


def _tensor(kind: str, name: str, **fields: Any) -> Change:
    """Other fields of a tensor of an entry: its first input, or its target."""

    def change(entries: Entries) -> None:
        for entry in of_kind(entries, kind):
            (entry[name][0] if isinstance(entry[name], list) else entry[name]).update(fields)

    return change


def _evaluations(losses: list[float], **fields: Any) -> Change:
    def change(entries: Entries) -> None:
        entries[:] = [entry for entry in entries if entry["kind"] != "evaluation"]
        steps = np.linspace(10, 100, len(losses)).astype(int).tolist()
        told = zip(steps, losses, strict=True)
        entries.extend({"kind": "evaluation", "step": step, "loss": loss, **fields} for step, loss in told)

    return change


def _accuracies(rights: list[float]) -> Change:
    return lambda entries: [
        entry.update(right=right)
        for entry, right in zip(of_kind(entries, "evaluation"), rights, strict=True)
    ] and None  # fmt: skip


POOR = _accuracies([0.3] * 4)
RISING: Change = lambda entries: of_kind(entries, "losses")[0].update(values=[1.0] * 100)  # noqa: E731
SPOILT: Change = lambda entries: of_kind(entries, "losses")[0]["values"].__setitem__(50, float("nan"))  # noqa: E731

SICK: dict[tuple[str, str], Change] = {
    ("SageMaker Debugger", "ExplodingTensor"): SPOILT,
    ("SageMaker Debugger", "PoorWeightInitialization"): _all(RISING, _numbers("step", "gradient", 1e-6)),
    ("SageMaker Debugger", "DeadRelu"): _numbers("values", "still", 0.6),
    ("SageMaker Debugger", "SaturatedActivation"): _all(_op("tanh"), _numbers("values", "std", 30.0)),
    ("SageMaker Debugger", "VanishingGradient"): _numbers("step", "gradient", 1e-7),
    ("SageMaker Debugger", "WeightUpdateRatio, large"): _numbers("step", "update", 1e3),
    ("SageMaker Debugger", "WeightUpdateRatio, small"): _numbers("step", "update", 1e-9),
    ("SageMaker Debugger", "AllZero"): _numbers("step", "gradient", 0.0),
    ("SageMaker Debugger", "UnchangedTensor"): _numbers("step", "update", None, slice(1)),
    ("SageMaker Debugger", "ClassImbalance"): _tensor("loss", "target", counts={"0": 120, "1": 8}),
    ("SageMaker Debugger", "CheckInputImages"): _tensor("given", "inputs", shape=[128, 1, 4, 5], mean=0.5),
    ("SageMaker Debugger", "LossNotDecreasing"): _evaluations([1.0, 1.0]),
    ("SageMaker Debugger", "Overfit"): _evaluations([5.0]),
    ("SageMaker Debugger", "Overtraining"): _evaluations([0.5] * 13),
    ("AutoTrainer", "explode"): _all(POOR, _numbers("step", "gradient", 1e3, slice(1))),
    ("AutoTrainer", "vanish"): _all(POOR, _numbers("step", "gradient", 1e-6, slice(1))),
    ("AutoTrainer", "dying ReLU"): _all(POOR, _numbers("step", "gradient", 0.0, slice(4))),
    ("AutoTrainer", "oscillation"): _evaluations([0.5] * 10),
    ("AutoTrainer", "slow convergence"): _accuracies([0.8] * 4),
    ("AutoTrainer", "not converged"): _accuracies([0.3, 0.4, 0.5, 0.6]),
    ("AutoTrainer", "abnormal data"): _tensor("given", "inputs", mean=20.0),
    ("UMLAUT", "input out of [-1, 1]"): _tensor("given", "inputs", high=255.0),
    ("UMLAUT", "input of whole numbers"): _tensor("given", "inputs", dtype="int64"),
    ("UMLAUT", "nan in input"): _tensor("given", "inputs", nan=3),
    ("UMLAUT", "learning rate high"): _set("losses", rates=[0.1] * 100),
    ("UMLAUT", "learning rate low"): _set("losses", rates=[1e-8] * 100),
    ("UMLAUT", "missing activation"): _op("linear", at=1),
    ("UMLAUT", "last activation"): _op("softmax", at=4),
    ("UMLAUT", "missing softmax"): _op("nll_loss", at=5),
    ("UMLAUT", "dropout high"): _op("dropout", options={"p": 0.8}),
    ("UMLAUT", "overfitting"): _evaluations([0.5, 0.9]),
    ("UMLAUT", "overconfident validation"): _accuracies([0.5, 0.6, 0.7, 0.99]),
}


def _run(change: Change | None = None) -> Run:
    entries = healthy_run(np.random.default_rng(3))
    if change:
        change(entries)
    return Run.from_entries(entries)


def test_every_published_rule_has_a_made_up_run() -> None:
    assert set(SICK) == {(rival, rule) for rival, rules in PUBLISHED.items() for rule in rules}


@pytest.mark.parametrize(("rival", "rule"), SICK)
def test_rule_fires(rival: str, rule: str) -> None:
    change = SICK[rival, rule]
    if rule == "oscillation":
        change = _all(change, _accuracies([0.8, 0.9, 0.8, 0.9, 0.8, 0.9, 0.8, 0.9, 0.8, 0.9]))
    assert rule in {alarm.rule for alarm in fired(PUBLISHED[rival], _run(change))}


@pytest.mark.parametrize("rules", [SAGEMAKER, AUTOTRAINER, UMLAUT])
def test_rules_bear_a_run_that_tells_little(rules: dict[str, Any]) -> None:
    assert fired(rules, Run.from_entries([{"kind": "losses", "first": 1, "values": [1.0, None]}])) == []


def test_healthy_run_sets_off_only_what_fixed_thresholds_must() -> None:
    """Standardised inputs leave [−1, 1]; nothing else is amiss."""
    told = {alarm.rule for rules in PUBLISHED.values() for alarm in fired(rules, _run())}
    assert told <= {"input out of [-1, 1]", "overconfident validation"}


def test_rows_leave_out_what_was_not_told() -> None:
    entries = [{"kind": "losses", "first": 1, "values": [2.0, None, float("nan")], "rates": [0.1, None]}]
    told = dict(rows(Run.from_entries(entries)))
    assert told[1] == {"loss": 2.0, "lr": 0.1}
    assert 2 not in told
    assert np.isnan(told[3]["loss"])


def test_order_and_score() -> None:
    alarms = [Alarm("TA103", 0, grave=False), Alarm("TA200", 0), Alarm("TA301", 25), Alarm("TA301", 50)]
    assert [a.rule for a in ordered("torch-audit", alarms)] == ["TA301", "TA103"]
    row = Row("torch-audit")
    plant = next(p for p in BROKEN.values() if p.names == ("unscaled-input",) or "unscaled-input" in p.names)
    row.add(plant, alarms)
    row.add(next(iter(HEALTHY.values())), [])
    assert row.right(first=True, goodwill=False) == 1
    assert len(row.cells()) == len(HEADS)
    assert "0 of 1" in row.cells()
    assert Row(OWN).meant(Alarm("no-update", 1)).strict == ("no-update",)


def test_sample_is_seeded_and_keeps_all_healthy() -> None:
    stems = [*BROKEN, *HEALTHY]
    assert sampled(stems, 5) == sampled(stems, 5)
    assert len(sampled(stems, 5)) == 5 + len(HEALTHY)
    assert sampled(stems, None) == set(stems)
