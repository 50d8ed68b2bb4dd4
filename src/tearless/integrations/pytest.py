"""What pytest loads as the plugin ``tearless``: failing tests get the note that explains an error about shapes.

It is off with ``-p no:tearless``. Nothing is imported before an error is there while an array library is loaded.
"""

from __future__ import annotations

from typing import Any


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
