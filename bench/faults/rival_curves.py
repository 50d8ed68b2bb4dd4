"""Real packages that read a curve of losses: ``losslint`` and ``training-doctor``, fed from a recorded run."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from rival_rules import Alarm

from tearless.readers.training.run import Run

Row = dict[str, float]


def rows(run: Run) -> Iterator[tuple[int, Row]]:
    """What a script could log at each step: loss and rate, the norm of the gradient where it was looked at, and the
    loss of an evaluation."""
    norms = {s.step: math.hypot(*s.by_name("gradient").values()) for s in run.steps if s.by_name("gradient")}
    tested = {e.step: float(e.loss) for e in run.evaluations if e.loss is not None}
    for entry in run.entries("losses"):
        rates = entry.get("rates") or []
        for i, loss in enumerate(entry.get("values") or ()):
            step = int(entry["first"]) + i
            told = {
                "loss": loss,
                "lr": rates[i] if i < len(rates) else None,
                "grad_norm": norms.get(step),
                "eval_loss": tested.get(step),
            }
            row = {name: float(value) for name, value in told.items() if value is not None}
            if row:
                yield step, row


def losslint(run: Run) -> list[Alarm]:
    """Its default checks on a log of JSON lines without the gradients' norms; remarks (``info``) are not grave."""
    run_all_checks: Any = import_module("losslint.checks").run_all_checks
    load_run: Any = import_module("losslint.parsing").load_run
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "metrics.jsonl"
        lines = [json.dumps({"step": s, **{k: v for k, v in row.items() if k != "grad_norm"}}) for s, row in rows(run)]
        if not lines:
            return []
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found: list[Any] = run_all_checks(load_run(file))
    order = {"error": 0, "warning": 1, "info": 2}
    told = sorted(found, key=lambda one: order[one.severity])
    return [Alarm(one.check, len(run.losses), one.severity != "info") for one in told]


def training_doctor(run: Run) -> list[Alarm]:
    """Its default detectors, asked after every step as its manual says."""
    doctor: Any = import_module("training_doctor").Doctor()
    found: dict[str, Alarm] = {}
    for step, row in rows(run):
        for one in doctor.log(step, **row):
            found.setdefault(one.detector_name, Alarm(one.detector_name, step, one.severity.value != "info"))
    return list(found.values())


CURVES: dict[str, tuple[str, Callable[[Run], list[Alarm]]]] = {
    "losslint": ("losslint", losslint),
    "training-doctor": ("training-doctor", training_doctor),
}
"""What a rival is called, the package that it is, and what it says of a run."""
