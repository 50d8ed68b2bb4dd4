"""Symptoms stand under their first cause; what no cause explains stands by itself."""

from __future__ import annotations

import numpy as np
import pytest

import tearless
from tearless.core import Finding, Mend, Severity
from tearless.core.catalogue import catalogue
from tearless.core.check import Check
from tearless.doctor.causes import arranged

CHECKS = {entry.name: entry.load() for entry in catalogue()}


def found(name: str, *subject: str, severity: Severity = Severity.warning) -> Finding:
    return Finding(name, "statistics", severity, Mend.source, subject, "", {}, "", "")


def because(findings: list[Finding], **symptom_of: tuple[str, ...]) -> list[tuple[str, str | None]]:
    from dataclasses import replace

    any_check = CHECKS["constant-column"]
    checks: list[Check] = [
        replace(any_check, name=name.replace("_", "-"), symptom_of=names) for name, names in symptom_of.items()
    ]
    return [(f.name, f.because) for f in arranged(findings, checks)]


def test_a_symptom_of_a_symptom_stands_under_the_first_cause() -> None:
    order = [found("c", "x"), found("b", "x"), found("a", "x")]
    assert because(order, b=("a",), c=("b",)) == [("a", None), ("c", "a"), ("b", "a")]


def test_a_cause_on_another_column_explains_nothing() -> None:
    assert because([found("b", "x"), found("a", "y")], b=("a",)) == [("b", None), ("a", None)]


def test_causes_that_go_round_explain_nothing() -> None:
    assert because([found("b", "x"), found("a", "x")], b=("a",), a=("b",)) == [("b", None), ("a", None)]


def test_a_finding_on_the_whole_table_is_explained_by_a_cause_on_any_column() -> None:
    assert because([found("b"), found("a", "x")], b=("a",)) == [("a", None), ("b", "a")]


def test_a_finding_that_sums_up_its_columns_is_not_explained_by_a_cause_on_one() -> None:
    order = [found("b"), found("b", "x"), found("a", "x")]
    assert because(order, b=("a",)) == [("b", None), ("a", None), ("b", "a")]


def test_the_named_causes_are_checks() -> None:
    for check in CHECKS.values():
        assert set(check.symptom_of) <= CHECKS.keys() - {check.name}


def test_no_causes_go_round() -> None:
    """On a table. On a run two faults may each bring about the other; then neither is hung under the other."""

    def above(name: str, seen: tuple[str, ...] = ()) -> None:
        assert name not in seen, (*seen, name)
        for cause in CHECKS[name].symptom_of:
            above(cause, (*seen, name))

    for name, check in CHECKS.items():
        if check.about != "training":
            above(name)


@pytest.mark.parametrize("kind", ["holes", "numbers"])
def test_what_gives_the_target_away_explains_its_holes_and_its_numbers(kind: str) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(600) < 0.4).astype(int)
    tag = np.where(y == 1, rng.permutation(600) + 1000.0, np.nan)
    report = tearless.check({"tag": tag, "x": rng.normal(size=600), "y": y}, target="y")
    symptoms = {f.name: f.because for f in report.findings if f.subject == ("tag",)}
    name = {"holes": "missing-values", "numbers": "identifier-column"}[kind]
    assert symptoms[name] == "target-leak"


def test_a_code_for_no_value_explains_the_skew_that_it_makes() -> None:
    rng = np.random.default_rng(0)
    temperature = np.where(rng.random(2_000) < 0.03, -999, np.round(rng.normal(20, 8, 2_000), 1))
    found = tearless.check({"t": temperature}).findings
    assert [(f.name, f.because) for f in found] == [("sentinel-values", None), ("skewed-column", "sentinel-values")]


def test_numbers_in_any_notation_are_no_names() -> None:
    amounts = np.random.default_rng(0).lognormal(9, 1, 500)
    english = [f"{v:,.2f}" for v in amounts]
    german = [t.translate(str.maketrans(",.", ".,")) for t in english]
    for texts in (english, german):
        assert {f.because for f in tearless.check({"m": texts}).findings} == {None, "numbers-as-text"}
