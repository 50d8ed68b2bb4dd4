"""The fixture ``tearless_report`` and ``assert_no_findings``: what a failing test says, and what is checked once."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

import tearless
from tearless.core import Outcome
from tearless.integrations.pytest import assert_no_findings

from .test_pytest_plugin import plugged, run

__all__ = ["plugged"]

TABLE = "unit,x,y\n" + "".join(f"kg,{i * 37 % 101},{i * 53 % 97}\n" for i in range(100))
ASKED = ', select=["constant-column"]'
TESTS = f"""
import pytest
from pathlib import Path
from tearless.integrations.pytest import assert_no_findings

@pytest.fixture(scope="session")
def table(tearless_report):
    return tearless_report("table.csv"{ASKED})

def test_fails(tearless_report):
    assert_no_findings(tearless_report("table.csv"{ASKED}))

def test_is_accepted(table):
    assert_no_findings(table, ignore=["constant-column"])
    assert_no_findings(table, at_least="error")

def test_a_file_is_checked_once(tearless_report, table):
    assert tearless_report(Path("table.csv").absolute(){ASKED}) is table
    assert tearless_report("table.csv"{ASKED}, target="x") is not table

def test_a_file_that_changed_is_checked_again(tearless_report):
    Path("other.csv").write_text(Path("table.csv").read_text())
    before = tearless_report("other.csv"{ASKED})
    Path("other.csv").write_text(Path("table.csv").read_text().replace("kg,9", "lb,9"))
    after = tearless_report("other.csv"{ASKED})
    assert (len(before.findings), len(after.findings)) == (1, 0)

def test_a_table_in_memory_is_checked_each_time(tearless_report):
    columns = {{"unit": ["kg"] * 60}}
    before = tearless_report(columns{ASKED})
    columns["unit"][:30] = ["lb"] * 30
    assert (len(before.findings), len(tearless_report(columns{ASKED}).findings)) == (1, 0)
"""


def test_in_a_session(plugged: Path) -> None:
    """A failing test says what was found and what to do, without colours; its report is shown and kept."""
    (plugged / "table.csv").write_text(TABLE)
    told = run(plugged, TESTS, "--junitxml=junit.xml", "--tearless-reports=pages", "--color=yes")
    assert "1 failed" in told, told
    assert "4 passed" in told, told
    lines = [line for line in told.splitlines() if "E  " in line]
    for said in ("FoundProblems: 1 finding at or above warning in table.csv:", "`unit` holds one value", "do: drop"):
        assert any(said in line for line in lines), told
    assert "raise FoundProblems" not in told, "our own frames stay hidden"
    assert "Captured tearless" in told
    assert "tearless explain constant-column" in told.partition("Captured tearless")[2]
    cases = ET.parse(plugged / "junit.xml").iter("testcase")  # noqa: S314
    properties = {c.attrib["name"]: [p.attrib["value"] for p in c.iter("property")] for c in cases}
    (line,) = properties["test_fails"]
    assert line.startswith("1 warning; 0 checks silent")
    assert line.endswith(". table.csv: 100 rows, 3 columns")
    assert len(properties["test_a_file_that_changed_is_checked_again"]) == 2
    pages = sorted(page.name for page in (plugged / "pages").iterdir())
    assert "test_it.py-test_fails.html" in pages
    assert len(pages) == 6, pages
    assert (plugged / "pages" / pages[0]).read_text(encoding="utf-8").startswith("<!")


def test_in_several_processes_and_without_the_plugin(plugged: Path) -> None:
    (plugged / "table.csv").write_text(TABLE)
    several = run(plugged, TESTS, "-n", "1", "--junitxml=junit.xml", "-k", "fails or accepted")
    assert "1 failed, 1 passed" in several, several
    assert (plugged / "junit.xml").read_text().count('<property name="tearless"') == 2
    without = run(plugged, TESTS, "-p", "no:tearless")
    assert "fixture 'tearless_report' not found" in without, without


@pytest.fixture(scope="module")
def report() -> tearless.Report:
    return tearless.check({"unit": ["kg"] * 60, "\x1b[31mx": [7] * 60, "y": range(60)}, select=["constant-column"])


def test_the_message_is_plain_words(report: tearless.Report) -> None:
    with pytest.raises(tearless.FoundProblems) as caught:
        assert_no_findings(report)
    message = str(caught.value)
    assert isinstance(caught.value, AssertionError)
    assert message.startswith("2 findings at or above warning in a dict of columns:\n  warning  statistics/constant-")
    assert message.count("do: drop") == 2
    assert "\x1b" not in message


def test_what_another_finding_explains_is_counted(report: tearless.Report) -> None:
    one = report.findings[0]
    explained = replace(one, name="outliers", headline="explained", because=one.name)
    with pytest.raises(tearless.FoundProblems, match="  and 2 that this explains") as caught:
        assert_no_findings(replace(report, findings=(one, explained, explained)))
    assert "  explained" not in str(caught.value).splitlines()
    with pytest.raises(tearless.FoundProblems, match="  explained"):
        assert_no_findings(replace(report, findings=(one, explained)), ignore=[one.name])
    with pytest.raises(tearless.FoundProblems, match=r"and 15 more$"):
        assert_no_findings(replace(report, findings=(one,) * 25))


@pytest.mark.parametrize("ignore", ["constant-column", ("statistics/constant-column",), ["statistics"]])
def test_what_is_ignored(report: tearless.Report, ignore: str | list[str]) -> None:
    assert_no_findings(report, ignore=ignore)


def test_a_severity_below_and_words_that_are_unknown(report: tearless.Report) -> None:
    assert_no_findings(report, at_least="error")
    with pytest.raises(tearless.InputError, match="did you mean constant-column"):
        assert_no_findings(report, ignore=["constant-colum"])
    with pytest.raises(tearless.InputError, match="severity: expected one of"):
        assert_no_findings(report, at_least="fatal")


def test_a_check_that_failed_is_no_sign_of_health() -> None:
    fault = Outcome("drift", "statistics", "cannot tell", "the check itself failed: ValueError", fault="Traceback")
    empty = tearless.Report((), (fault,), "train.csv", 3, 2, 0)
    with pytest.raises(tearless.FoundProblems, match=r"^statistics/drift failed itself on train\.csv: the check"):
        assert_no_findings(empty)
    with pytest.raises(tearless.FoundProblems, match="broken off before its end"):
        assert_no_findings(replace(empty, outcomes=(), stopped=True))
    assert_no_findings(replace(empty, outcomes=()))
