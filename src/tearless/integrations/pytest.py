"""What pytest loads as the plugin ``tearless``: the fixture ``tearless_report``, and errors about shapes explained.

It is off with ``-p no:tearless``. Nothing is imported before a test asks for a report, or an error is there while an
array library is loaded::

    from tearless.integrations.pytest import assert_no_findings

    def test_the_training_table(tearless_report):
        report = tearless_report("train.csv", target="late")
        assert_no_findings(report, ignore=["skewed-column"])
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tearless.core.severity import Severity
    from tearless.report.report import Report

_pytest: Any = importlib.import_module("pytest")
_TEST = _pytest.StashKey()
"""The test that is at work."""
SHOWN = 10
"""Findings of which a failing test says more than their number."""
WIDTH = 100
TABLES = ("test", "against")
"""Arguments of ``tearless.check`` that are tables or files of facts, beside the first."""


def pytest_addoption(parser: Any) -> None:
    """``--tearless-reports DIR``."""
    words = "write each report that a test asked tearless for into this folder, as a page"
    parser.getgroup("tearless").addoption("--tearless-reports", metavar="DIR", help=words)


def pytest_runtest_setup(item: Any) -> None:
    """Before the fixtures of a test are made."""
    item.config.stash[_TEST] = item


def pytest_runtest_makereport(call: Any) -> None:
    """Before pytest makes the report of a test, of its fixtures or of what follows it."""
    if call.excinfo is not None:
        _note(call.excinfo.value)


def pytest_exception_interact(node: Any, call: Any, report: Any) -> None:
    """A test file that failed while it was imported is shown again, with the note."""
    if report.when == "collect" and call.excinfo is not None and _note(call.excinfo.value):
        shown = node.repr_failure(call.excinfo)
        if hasattr(shown, "toterminal"):
            report.longrepr = shown


def _note(error: BaseException) -> bool:
    from .shapes.hook import explained_once

    return bool(explained_once(error))


class Reports:
    """What ``tearless_report`` is: called as ``tearless.check`` is, with the same arguments.

    A file that did not change is checked once a session for the same arguments; each process of pytest-xdist is a
    session of its own. A test that fails shows the reports that it asked for, and JUnit has a line of each.
    """

    def __init__(self, config: Any) -> None:
        self._config = config
        self._known: dict[Any, Report] = {}
        self._pages: dict[str, int] = {}

    def __call__(self, data: Any, **asked: Any) -> Report:
        """The report on ``data``. Raises as ``tearless.check`` does."""
        __tracebackhide__ = True
        key = _key(data, asked)
        report = self._known.get(key) if key is not None else None
        if report is None:
            from tearless.doctor.check import check

            report = check(data, **asked)
            self._keep(report)
            if key is not None:
                self._known[key] = report
        test = self._config.stash.get(_TEST, None)
        if test is not None:
            test.add_report_section("call", "tearless", report.to_text(WIDTH))
            test.user_properties.append(("tearless", _line(report)))
        return report

    def _keep(self, report: Report) -> None:
        folder = self._config.getoption("--tearless-reports")
        if folder is None:
            return
        from tearless.core.text import encodable

        test = self._config.stash.get(_TEST, None)
        of = encodable(test.nodeid if test is not None else "session")
        name = re.sub(r"[^\w.-]+", "-", of)[-120:].strip("-.")
        self._pages[name] = number = self._pages.get(name, 0) + 1
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        page = place / f"{name}{f'-{number}' if number > 1 else ''}.html"
        page.write_text(report.to_html(), encoding="utf-8")


def _reports(pytestconfig: Any) -> Reports:
    """Check a table as ``tearless.check`` does, once a session for a file that did not change: the report."""
    return Reports(pytestconfig)


tearless_report = _pytest.fixture(scope="session", name="tearless_report")(_reports)


def _line(report: Report) -> str:
    from tearless.core.text import visible
    from tearless.report import words

    said = f"{words.severities(report.findings)}; {words.silence(report.outcomes)}. {words.table_line(report)}"
    return visible(said)


def _key(data: Any, asked: dict[str, Any]) -> Any:
    """What tells one question from another; ``None`` where files alone do not say whether the answer is the same."""
    files = [_stamp(data), *(_stamps(asked[name]) for name in TABLES if asked.get(name) is not None)]
    others = sorted((name, value) for name, value in asked.items() if name not in TABLES)
    plain = all(isinstance(part, (str, int, float, type(None))) for _, value in others for part in _parts(value))
    return (*files, repr(others)) if plain and None not in files else None


def _parts(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else [value]


def _stamps(value: Any) -> Any:
    stamps = tuple(map(_stamp, _parts(value)))
    return None if None in stamps else stamps


def _stamp(path: Any) -> Any:
    """A plain file as it is now; ``None`` for anything else."""
    if not isinstance(path, (str, os.PathLike)):
        return None
    try:
        file = Path(path).resolve()
        state = file.stat()
    except (OSError, ValueError):
        return None
    return (str(file), state.st_ino, state.st_size, state.st_mtime_ns) if file.is_file() else None


def assert_no_findings(report: Report, at_least: Severity | str = "warning", ignore: Sequence[str] = ()) -> None:
    """Raise ``FoundProblems`` (an ``AssertionError``) where a report has findings of this severity or worse.

    The message names the findings and what to do, those that another one explains by their number. ``ignore`` names
    checks or pillars whose findings are known and accepted. A check that failed itself, or a report that was broken
    off, cannot say that there are none: these raise too. Raises ``InputError`` for an unknown severity or name.

    >>> import tearless
    >>> report = tearless.check({"x": range(60), "unit": ["kg"] * 60}, select=["constant-column"])
    >>> assert_no_findings(report, ignore=["constant-column"])
    >>> assert_no_findings(report)
    Traceback (most recent call last):
    tearless.core.errors.FoundProblems: 1 finding at or above warning in a dict of columns:
      warning  statistics/constant-column  `unit` holds one value, 'kg', in every row
          do: drop `unit`, or find out why this extract holds one value of it only
    """
    __tracebackhide__ = True
    from tearless.core.errors import FoundProblems
    from tearless.core.severity import Severity
    from tearless.core.text import visible

    from .told import told

    left_out = _named(ignore)
    found = [f for f in report.at_least(at_least) if not {f.pillar, f"{f.pillar}/{f.name}"} & left_out]
    source = visible(report.source, 120)
    lines = []
    if found:
        count = f"{len(found):,} finding{'' if len(found) == 1 else 's'}"
        lines += [f"{count} at or above {Severity.of(at_least).name} in {source}:", *told(found, SHOWN)]
    lines += [f"{f.pillar}/{f.name} failed itself on {source}: {visible(f.reason)}" for f in report.faults]
    lines += [f"the report on {source} was broken off before its end"] if report.stopped else []
    if lines:
        raise FoundProblems("\n".join(lines))


def _named(ignore: Sequence[str]) -> set[str]:
    """The pillars, and the checks with their pillar, that are named. Raises ``InputError`` for an unknown name."""
    from tearless.core.catalogue import catalogue, find

    names = [ignore] if isinstance(ignore, str) else list(ignore)
    pillars = {entry.pillar for entry in catalogue()}
    return {name for name in names if name in pillars} | {
        entry.path for name in names if name not in pillars for entry in find(name, "ignore")
    }
