"""What a trial on a copy does to a finding: it is told, it refutes, and it orders the causes."""

from __future__ import annotations

import numpy as np
import pytest

from tearless.core import Finding, Mend, Number, Severity
from tearless.doctor.causes import of_a_run
from tearless.doctor.run_summary import sparkline
from tearless.doctor.training import gain, told
from tearless.readers.training.also_told import Experiment


def found(name: str, mend: Mend, severity: Severity = Severity.warning) -> Finding:
    return Finding(name, "calculus", severity, mend, (), name, {"x": Number(1.0, "1", "x")}, "why", "do")


def tried(check: str, before: float, after: float, what: str = "rate") -> Experiment:
    return Experiment(what, check, 0.1, 60, start=2.0, before=before, after=after, changed_start=2.0)


def test_a_trial_that_helps_is_told_with_both_losses() -> None:
    one = told(found("learning-rate-too-high", Mend.optimiser), [tried("learning-rate-too-high", 1.9, 0.4)])
    assert "with the rate at 0.1 the same 60 steps end at 0.4 instead of 1.9" in one.said
    assert one.severity is Severity.warning
    assert (one.evidence["loss_as_it_is"].value, one.evidence["loss_changed"].value) == (1.9, 0.4)


def test_a_trial_that_does_not_help_refutes_a_suspicion_and_no_fact() -> None:
    trial = [tried("x", 1.0, 1.0)]
    assert told(found("x", Mend.optimiser), trial).severity is Severity.note
    fact = found("x", Mend.contract, Severity.error)
    assert told(fact, trial) == fact


def test_of_several_trials_the_best_counts_and_a_loss_that_is_not_finite_is_the_worst() -> None:
    trials = [tried("x", 1.9, float("inf")), tried("x", 1.9, 0.5)]
    assert "end at 0.5" in told(found("x", Mend.optimiser), trials).said
    assert gain(trials[0]) < 0 < gain(trials[1])


@pytest.mark.parametrize(("shuffled", "confirmed"), [(1.0, True), (1.9, False)])
def test_shuffled_labels_that_are_learnt_as_well_confirm_that_labels_are_unrelated(
    shuffled: float, confirmed: bool
) -> None:
    one = told(found("labels-unrelated", Mend.data), [tried("labels-unrelated", 1.0, shuffled, "labels")])
    assert (one.severity is Severity.warning) is confirmed


def test_what_was_tried_outweighs_what_was_only_measured() -> None:
    two = [found("a", Mend.data), found("b", Mend.optimiser)]
    assert [f.name for f in of_a_run(two, {})] == ["a", "b"]
    assert [f.name for f in of_a_run(two, {}, {"b": 0.6, "a": 0.1})] == ["b", "a"]


def test_a_broken_contract_explains_what_the_optimiser_shows_but_no_note_does() -> None:
    error, warning = found("c", Mend.contract, Severity.error), found("o", Mend.optimiser)
    assert [(f.name, f.because) for f in of_a_run([warning, error], {})] == [("c", None), ("o", "c")]
    note = found("n", Mend.contract, Severity.note)
    assert [(f.name, f.because) for f in of_a_run([warning, note], {"o": ("n",)})] == [("o", None), ("n", None)]


def test_a_loss_without_numbers_has_a_line_all_the_same() -> None:
    assert sparkline(np.array([np.nan, np.inf])) == "××"
    assert sparkline(np.full(3, 2.0)) == "▁▁▁"
