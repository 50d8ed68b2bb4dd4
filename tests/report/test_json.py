"""The report as JSON, and its published schema."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

import tearless
from tearless import Report
from tearless.core import Finding, Mend, Number, Outcome, Severity
from tearless.report.json import schema

VALIDATOR = Draft202012Validator(json.loads(schema()))
NAMES = st.text(max_size=12)
NUMBERS = st.builds(
    Number,
    st.none() | st.floats(),
    st.just("rows"),
    st.just("rows concerned"),
    st.none() | st.tuples(st.floats(-9, 0), st.floats(0, 9)),
    st.none() | st.floats(0, 1),
)
FINDINGS = st.builds(
    Finding,
    st.just("a-check"),
    st.just("statistics"),
    st.sampled_from(Severity),
    st.sampled_from(Mend),
    st.lists(NAMES, max_size=3).map(tuple),
    NAMES.map(lambda name: f"headline {name}"),
    st.dictionaries(NAMES, NUMBERS, min_size=1, max_size=3),
    st.just("why"),
    st.just("do"),
    st.lists(st.integers(0, 10**9), max_size=3).map(tuple),
    st.none() | st.just("another-check"),
    NAMES,
)
OUTCOMES = st.builds(Outcome, st.just("a-check"), st.just("statistics"), st.just("silent"), NAMES, NAMES)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(schema()))


@settings(max_examples=60, deadline=None)
@given(findings=st.lists(FINDINGS, max_size=3), outcomes=st.lists(OUTCOMES, max_size=2), name=NAMES)
def test_every_report_follows_the_schema(findings: list[Finding], outcomes: list[Outcome], name: str) -> None:
    report = Report(tuple(findings), tuple(outcomes), name, 1, 1, 0, target=name, notes=(name,), path=name)
    text = report.to_json()
    assert text.isascii()
    VALIDATOR.validate(json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} in it")))


def test_real_and_hostile_reports_follow_the_schema(hostile: Report, wine: Report) -> None:
    for report in (hostile, wine):
        VALIDATOR.validate(json.loads(report.to_json()))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("findings", 0, "severity"), "fatal"),
        (("findings", 0, "evidence"), {}),
        (("findings", 0, "evidence", "x"), {"value": 1.0, "unit": "", "meaning": "m"}),
        (("findings", 0, "rows"), [-1]),
        (("outcomes", 0, "result"), "fine"),
        (("version",), 2),
        (("table", "when"), "today"),
    ],
)
def test_the_schema_refuses_what_is_wrong(hostile: Report, where: tuple[Any, ...], value: Any) -> None:
    data = deepcopy(json.loads(hostile.to_json()))
    part = data
    for step in where[:-1]:
        part = part[step]
    part[where[-1]] = value
    with pytest.raises(ValidationError):
        VALIDATOR.validate(data)


def test_the_same_input_gives_the_same_bytes(hostile: Report) -> None:
    assert replace(hostile, seconds=99.0).to_json() == hostile.to_json()
    table = {"x": [1.0, 2.0, 2.0, 5.0] * 30, "y": [3] * 120}
    assert tearless.check(table).to_json() == tearless.check(table).to_json()


def test_it_says_what_the_report_says(hostile: Report) -> None:
    data = json.loads(hostile.to_json())
    first = data["findings"][0]
    assert (first["name"], first["pillar"], first["severity"]) == ("target-leak", "statistics", "error")
    assert first["evidence"]["share"] == {
        "value": 0.5, "unit": "share", "meaning": "share of the rows", "interval": [0.4, 0.6], "level": 0.95
    }  # fmt: skip
    assert first["evidence"]["gone"]["value"] is None
    assert first["subject"] == list(hostile.findings[0].subject), "names stay as the data have them"
    assert data["findings"][1]["because"] == "target-leak"
    assert data["counts"] == {
        "error": 1, "warning": 2, "note": 1, "silent": 1, "not_applicable": 1, "cannot_tell": 2, "skipped": 1
    }  # fmt: skip
    assert next(o for o in data["outcomes"] if o["name"] == "broken")["fault"] == "E: x"
