"""A log of an evaluation with Inspect: its samples as a table, an answer a row, a scorer a column.

Such a log is one JSON object (``.json``), or a zip archive of JSON files (``.eval``).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tearless.core import InputError, visible

from .memory import from_records
from .normal import normal
from .source import Source

WORTH = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
"""What a grade counts, as Inspect counts it: correct, incorrect, partly correct, no answer."""
_FAULTS = (zipfile.BadZipFile, OSError, NotImplementedError, KeyError, ValueError, RecursionError)


def is_log(value: Any) -> bool:
    """Whether a JSON value is such a log."""
    return isinstance(value, dict) and isinstance(value.get("eval"), dict) and isinstance(value.get("samples"), list)


def is_archive(names: Sequence[str]) -> bool:
    """Whether these are the files of such a log as an archive."""
    return "header.json" in names and any(name.startswith("samples/") for name in names)


def open_log(
    log: Mapping[str, Any], label: str, argument: str, path: str | None = None, notes: Sequence[str] = ()
) -> Source:
    """The samples of a log that was read. Raises ``InputError`` where it has none that was scored."""
    return _table(log.get("eval", {}), log["samples"], label, argument, path, notes)


def open_archive(path: Path, label: str, argument: str, notes: Sequence[str] = ()) -> Source:
    """The samples of a log in an archive. Raises ``InputError`` where it is damaged or has none that was scored."""
    try:
        with zipfile.ZipFile(path) as archive:
            header = json.loads(archive.read("header.json"))
            samples = [json.loads(archive.read(n)) for n in archive.namelist() if n.startswith("samples/")]
    except _FAULTS as fault:
        raise InputError(
            f"{argument}: expected a log of Inspect that can be read, got {label} ({visible(str(fault), 80)}); write "
            "it again with `inspect log convert --to json`"
        ) from None
    about = header.get("eval", {}) if isinstance(header, dict) else {}
    return _table(about, samples, label, argument, str(path), notes)


def _table(
    about: Mapping[str, Any],
    samples: Sequence[Any],
    label: str,
    argument: str,
    path: str | None,
    notes: Sequence[str],
) -> Source:
    rows = [dict(_row(sample)) for sample in samples if isinstance(sample, dict)]
    scored = [row for row in rows if len(row) > 2]
    if not scored:
        raise InputError(
            f"{argument}: expected samples with scores, got {label}, a log of Inspect without any; score it first"
        )
    said = [*notes, f"a log of Inspect: {_told(about)}"]
    if len(scored) < len(samples):
        said.append(f"{len(samples) - len(scored):,} of {len(samples):,} samples have no score and are left out")
    frame, words = from_records(scored, argument)
    made = normal(frame.schema, argument, label)
    return Source(label, made.of(frame).lazy(), (*said, *words, *made.notes), path, argument=argument)


def _told(about: Mapping[str, Any]) -> str:
    parts = [str(about[key]) for key in ("task", "model") if isinstance(about.get(key), str)]
    return visible(", ".join(parts), 80) or "no task named"


def _row(sample: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Id and epoch, then each score as a number; a scorer of several values is a column for each."""
    yield "id", str(sample.get("id"))
    yield "epoch", sample.get("epoch", 1)
    scores = sample.get("scores")
    for scorer, score in scores.items() if isinstance(scores, dict) else ():
        value = score.get("value") if isinstance(score, dict) else score
        if isinstance(value, dict):
            for part, one in value.items():
                yield f"{scorer}/{part}", _worth(one)
        else:
            yield str(scorer), _worth(value)


def _worth(value: Any) -> float | None:
    """A grade as a number; ``None`` for what is none."""
    if isinstance(value, str):
        graded = WORTH.get(value, WORTH.get(value.lower()))
        try:
            return graded if graded is not None else float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, (bool, int, float)) else None
