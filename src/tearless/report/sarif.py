"""The report as SARIF 2.1.0 (OASIS, 2020): for code scanning and for viewers."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import tearless
from tearless.core import Finding, encodable
from tearless.core.catalogue import Entry, catalogue

from . import words
from .json import as_data
from .report import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_PLACES = 20


def to_sarif(report: Report) -> str:
    """One run: a rule for every check that has an outcome, a result for every finding."""
    entries = {entry.path: entry for entry in catalogue()}
    ran = [f"{o.pillar}/{o.name}" for o in report.outcomes] + [f"{f.pillar}/{f.name}" for f in report.findings]
    paths = list(dict.fromkeys(ran))
    run = {
        "tool": {
            "driver": {
                "name": "tearless",
                "semanticVersion": tearless.__version__,
                "rules": [_rule(path, entries.get(path)) for path in paths],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not report.stopped and not report.faults,
                "toolExecutionNotifications": _notifications(report),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(report, finding, paths) for finding in report.findings],
        "properties": {k: v for k, v in as_data(report).items() if k in ("table", "counts", "stopped", "tests")},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _rule(path: str, entry: Entry | None) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": path, "name": _pascal(path)}
    if entry is None:
        return rule
    page = entry.page()
    sections = {name: page.sections.get(name, "") for name in ("What it measures", "Why it matters", "What to do")}
    return rule | {
        "shortDescription": {"text": f"{page.title}."},
        "fullDescription": {"text": " ".join(page.sections.get("What it measures", page.title).split())},
        "help": {
            "text": "\n\n".join(f"{name}\n{text}" for name, text in page.sections.items()),
            "markdown": "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items() if text),
        },
        "properties": {"tags": ["data", entry.pillar]},
    }


def _pascal(path: str) -> str:
    return "".join(word.capitalize() for word in path.rpartition("/")[2].split("-"))


def _result(report: Report, finding: Finding, paths: list[str]) -> dict[str, Any]:
    path = f"{finding.pillar}/{finding.name}"
    places = _places(report, finding)
    text = f"{finding.headline}. {words.evidence_line(finding)}. Why: {finding.why}. Do: {finding.do}."
    result: dict[str, Any] = {
        "ruleId": path,
        "ruleIndex": paths.index(path),
        "level": finding.severity.name,
        "message": {"text": _bracketless(text)},
        "locations": places[:1],
        "partialFingerprints": {"tearless/v1": fingerprint(report, finding)},
        "properties": {"evidence": {name: number.value for name, number in finding.evidence.items()}},
    }
    if len(places) > 1:
        result["relatedLocations"] = [place | {"id": i} for i, place in enumerate(places[1:])]
    return result


def _bracketless(text: str) -> str:
    """Message text in which ``[words](0)`` is no link: SARIF 2.1.0, section 3.11.6, escapes brackets by a backslash."""
    return encodable(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _places(report: Report, finding: Finding) -> list[dict[str, Any]]:
    """Where it is: the columns by name, and the file with the lines of the rows concerned where these are known."""
    columns = [{"name": encodable(name), "kind": "column"} for name in finding.subject]
    logical = {"logicalLocations": columns} if columns else {}
    if report.path is None:
        return [logical] if logical else []
    artifact = {"artifactLocation": {"uri": _uri(report.path)}}
    lines = [words.line_of(report, row) for row in finding.rows[:MOST_PLACES]]
    known = [line for line in lines if line is not None] or [1]
    return [{"physicalLocation": artifact | {"region": {"startLine": line}}, **logical} for line in known]


def _uri(path: str) -> str:
    if "://" in path:
        return quote(path, safe="/:@%[]!$&'()*+,;=~")
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else quote(os.fsencode(posixpath.normpath(pure.as_posix())))


def fingerprint(report: Report, finding: Finding) -> str:
    """The same for the same check on the same columns of the same file, whatever the numbers are today."""
    parts = [report.path or report.source, finding.pillar, finding.name, *sorted(finding.subject)]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _notifications(report: Report) -> list[dict[str, Any]]:
    told = [("note", note) for note in report.notes]
    told += [("warning", words.partial(report))] if report.stopped else []
    told += [("error", f"{o.pillar}/{o.name}: {o.reason}") for o in report.faults]
    silent = [o for o in report.outcomes if o.result == "cannot tell" and not o.fault]
    told += [("note", f"{o.pillar}/{o.name} cannot tell: {o.reason}") for o in silent]
    return [{"level": level, "message": {"text": _bracketless(text)}} for level, text in told]
