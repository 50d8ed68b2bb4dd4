"""tearless: the mathematics behind your model, checked and explained.

The public names are imported when they are first used, so that ``import tearless`` costs almost nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tearless.core.errors import CannotTell, FoundProblems, InputError, NotApplicable, TearlessError
    from tearless.core.finding import Finding, Outcome
    from tearless.core.number import Number
    from tearless.core.severity import Severity
    from tearless.doctor.calibrate import apply_calibration, calibration
    from tearless.doctor.check import check
    from tearless.doctor.compare import compare
    from tearless.doctor.describe import describe
    from tearless.doctor.lesson import lesson
    from tearless.doctor.power import power
    from tearless.doctor.sample import sample
    from tearless.doctor.shape_files import shapes_in
    from tearless.doctor.shapes import shape_of
    from tearless.doctor.summarize import merge, summarize
    from tearless.integrations.pytorch.gradients import gradients
    from tearless.integrations.pytorch.session import watch
    from tearless.integrations.pytorch.tracing import trace
    from tearless.integrations.shapes.hook import shapes
    from tearless.report.report import Report

__version__ = "0.1.0"

_HOMES = {
    "CannotTell": "core.errors",
    "Finding": "core.finding",
    "FoundProblems": "core.errors",
    "InputError": "core.errors",
    "NotApplicable": "core.errors",
    "Number": "core.number",
    "Outcome": "core.finding",
    "Report": "report.report",
    "Severity": "core.severity",
    "TearlessError": "core.errors",
    "apply_calibration": "doctor.calibrate",
    "calibration": "doctor.calibrate",
    "check": "doctor.check",
    "compare": "doctor.compare",
    "describe": "doctor.describe",
    "gradients": "integrations.pytorch.gradients",
    "lesson": "doctor.lesson",
    "merge": "doctor.summarize",
    "power": "doctor.power",
    "sample": "doctor.sample",
    "shape_of": "doctor.shapes",
    "shapes_in": "doctor.shape_files",
    "shapes": "integrations.shapes.hook",
    "summarize": "doctor.summarize",
    "trace": "integrations.pytorch.tracing",
    "watch": "integrations.pytorch.session",
}

__all__ = [
    "CannotTell",
    "Finding",
    "FoundProblems",
    "InputError",
    "NotApplicable",
    "Number",
    "Outcome",
    "Report",
    "Severity",
    "TearlessError",
    "apply_calibration",
    "calibration",
    "check",
    "compare",
    "describe",
    "gradients",
    "lesson",
    "merge",
    "power",
    "sample",
    "shape_of",
    "shapes",
    "shapes_in",
    "summarize",
    "trace",
    "watch",
]


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext tearless`` calls: the cell magic ``%%watch``, and errors about shapes explained."""
    importlib.import_module("tearless.integrations.notebook").register(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What ``%unload_ext tearless`` calls."""
    importlib.import_module("tearless.integrations.notebook").leave(shell)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tearless' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"tearless.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
