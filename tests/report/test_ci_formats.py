"""The reports that other programs read: annotations, SARIF, JUnit."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

import tearless
from tearless import Report
from tearless.core import Outcome, visible
from tearless.report.sarif import fingerprint


def unescaped(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_each_finding_is_one_workflow_command(hostile: Report) -> None:
    """Read as the runner reads it: the command up to the second ``::``, properties cut at commas."""
    *commands, last = hostile.to_github().splitlines()
    assert len(commands) == len(hostile.findings)
    kinds = []
    for command, finding in zip(commands, hostile.findings, strict=True):
        head, message = command.removeprefix("::").split("::", 1)
        kind, _, listed = head.partition(" ")
        properties = {k: unescaped(v) for k, _, v in (part.partition("=") for part in listed.split(","))}
        kinds.append(kind)
        assert properties["title"] == f"{finding.pillar}/{finding.name}"
        assert properties["file"] == "data/a b.csv"
        assert properties.get("line") == (str(finding.rows[0] + 2) if finding.rows else None)
        assert unescaped(message).splitlines()[0] == visible(finding.headline)
    assert kinds == ["error", "warning", "warning", "notice"]
    assert last.startswith("tearless: "), "the last line is no command"


TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
PLACE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "pattern": "^[A-Za-z0-9._~:/%-]+$"}},
                },
                "region": {"required": ["startLine"], "properties": {"startLine": {"type": "integer", "minimum": 1}}},
            },
        },
        "logicalLocations": {"type": "array", "items": {"properties": {"name": {"type": "string"}}}},
    },
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "properties": {
                                                "shortDescription": TEXT,
                                                "fullDescription": TEXT,
                                                "help": TEXT,
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "invocations": {
                        "items": {
                            "required": ["executionSuccessful"],
                            "properties": {
                                "executionSuccessful": {"type": "boolean"},
                                "toolExecutionNotifications": {
                                    "items": {"required": ["message"], "properties": {"message": TEXT}}
                                },
                            },
                        }
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["message"],
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": TEXT,
                                "locations": {"type": "array", "items": PLACE},
                                "relatedLocations": {"type": "array", "items": PLACE, "uniqueItems": True},
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                                "properties": {"type": "object"},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""The parts of the SARIF 2.1.0 schema (OASIS) that the reports use."""


def test_sarif_follows_its_schema(hostile: Report, wine: Report) -> None:
    for report in (hostile, wine, tearless.check({"x": [1.0] * 20})):
        data = json.loads(report.to_sarif())
        Draft202012Validator(SARIF).validate(data)
        run = data["runs"][0]
        rules = run["tool"]["driver"]["rules"]
        assert len(run["results"]) == len(report.findings)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_carries_pages_places_and_faults(hostile: Report) -> None:
    run: dict[str, Any] = json.loads(hostile.to_sarif())["runs"][0]
    constant = next(r for r in run["tool"]["driver"]["rules"] if r["id"] == "statistics/constant-column")
    assert "What to do" in constant["help"]["text"]
    leak = run["results"][0]
    assert leak["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "data/a%20b.csv"},
        "region": {"startLine": 5},
    }
    assert [x["physicalLocation"]["region"]["startLine"] for x in leak["relatedLocations"]] == [10, 11]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "[red]" not in leak["message"]["text"].replace("\\[red\\]", ""), "no brackets that would be a link"


def test_fingerprints_know_a_finding_again(hostile: Report) -> None:
    one = hostile.findings[0]
    changed = replace(one, headline="other numbers today", rows=(5,))
    assert fingerprint(hostile, one) == fingerprint(hostile, changed)
    prints = {fingerprint(hostile, f) for f in hostile.findings}
    assert len(prints) == len(hostile.findings)


def test_junit_counts_what_it_holds(hostile: Report) -> None:
    suite = ET.fromstring(hostile.to_junit("warning")).find("testsuite")  # noqa: S314
    assert suite is not None
    cases = suite.findall("testcase")
    assert suite.attrib["tests"] == str(len(cases)) == "9"
    for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert suite.attrib[attribute] == str(len(suite.findall(f"testcase/{tag}")))
    assert [c.attrib["name"] for c in cases if c.find("failure") is not None] == [
        "target-leak",
        "outliers",
        "duplicate-rows",
    ]
    assert suite.find("testcase/system-out") is not None, "a note below the bar is told, not failed"


def test_junit_says_that_it_is_of_a_part(hostile: Report) -> None:
    said = ET.fromstring(hostile.to_junit()).findtext("testsuite/system-err")  # noqa: S314
    assert said is not None
    assert said.startswith("stopped by Ctrl-C")
    assert "system-err" not in replace(hostile, stopped=False).to_junit()


def test_an_unknown_severity_is_named(hostile: Report) -> None:
    for ask in (hostile.to_junit, hostile.raise_for, hostile.at_least):
        with pytest.raises(tearless.InputError, match="severity: expected one of note, warning, error, got `fatal`"):
            ask("fatal")


@pytest.mark.parametrize(("fail_on", "failures"), [("error", 1), ("warning", 3), ("note", 4), (None, 0)])
def test_junit_fails_where_the_command_would(hostile: Report, fail_on: str | None, failures: int) -> None:
    suite = ET.fromstring(hostile.to_junit(fail_on))  # noqa: S314
    assert len(suite.findall("testsuite/testcase/failure")) == failures


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_junit_is_xml_whatever_the_text(text: str) -> None:
    outcomes = (Outcome("a", "b", "skipped", text), Outcome("c", "b", "cannot tell", text, text + "x"))
    report = Report((), outcomes, text, 1, 1, 0)
    assert ET.fromstring(report.to_junit()).tag == "testsuites"  # noqa: S314
