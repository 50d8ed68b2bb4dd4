"""The report as JSON. Its shape is published in ``schema.json`` beside this file; ``tearless schema`` prints it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import tearless
from tearless.core import Finding, Number, Outcome, Severity, encodable

from .answer import Answer, Bar, Block, Cell
from .report import Report

VERSION = 1
"""Raised when a field changes its meaning or goes away; fields may be added without."""


def to_json(report: Report) -> str:
    """ASCII only, keys in a fixed order, no time and no date: the same input gives the same bytes."""
    return json.dumps(as_data(report), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def schema() -> str:
    """The JSON schema of the report, as text."""
    return files("tearless.report").joinpath("schema.json").read_text(encoding="utf-8")


def as_data(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "version": VERSION,
        "tearless": tearless.__version__,
        "table": {
            "source": encodable(report.source),
            "rows": report.rows,
            "columns": report.columns,
            "target": report.target,
            "test": None if report.test is None else encodable(report.test),
            "seed": report.seed,
        },
        **({"answer": _answer(report.answer)} if report.answer else {}),
        "stopped": report.stopped,
        "notes": [encodable(note) for note in report.notes],
        "tests": report.tests,
        "counts": {
            **{s.name: sum(f.severity == s for f in report.findings) for s in sorted(Severity, reverse=True)},
            **{r.replace(" ", "_"): report.count(r) for r in ("silent", "not applicable", "cannot tell", "skipped")},
        },
        "findings": [_finding(f) for f in report.findings],
        "outcomes": [_outcome(o) for o in report.outcomes],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "pillar": finding.pillar,
        "severity": finding.severity.name,
        "headline": finding.headline,
        "subject": list(finding.subject),
        "said": finding.said,
        "evidence": {name: _number(number) for name, number in finding.evidence.items()},
        "why": finding.why,
        "do": finding.do,
        "page": finding.page,
        "rows": list(finding.rows),
        "because": finding.because,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "verdict": encodable(answer.verdict),
        "said": [{"label": label, "text": encodable(text)} for label, text in answer.said],
        "numbers": {encodable(name): _number(number) for name, number in answer.numbers.items()},
        "tables": [
            {
                "title": encodable(table.title),
                "heads": [encodable(head) for head in table.heads],
                "rows": [[_cell(cell) for cell in row] for row in table.rows],
            }
            for table in answer.tables
        ],
        **({"blocks": [_block(block) for block in answer.blocks]} if answer.blocks else {}),
    }


def _block(block: Block) -> dict[str, Any]:
    return {"title": encodable(block.title), "lines": [encodable(line) for line in block.lines]}


def _cell(cell: Cell) -> Any:
    match cell:
        case Number():
            return _number(cell)
        case Bar():
            return cell.share
        case _:
            return encodable(cell)


def _number(number: Number) -> dict[str, Any]:
    plain: dict[str, Any] = {"value": number.value, "unit": number.unit, "meaning": number.meaning}
    if number.interval is not None:
        plain |= {"interval": list(number.interval), "level": number.level}
    return plain


def _outcome(outcome: Outcome) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": outcome.name,
        "pillar": outcome.pillar,
        "result": outcome.result,
        "reason": encodable(outcome.reason),
    }
    if outcome.rests_on:
        plain["rests_on"] = outcome.rests_on
    if outcome.fault:
        plain["fault"] = encodable((outcome.fault.strip().splitlines() or [""])[-1])
    return plain
