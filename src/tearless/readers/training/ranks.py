"""The records of processes that train together: one file each, and what only all of them can tell.

Where tensors are split over processes (FSDP), each process writes the norms of its own part: to ask the others during
the run could make one wait for ever for a process that looks at another step, or has died. The squares are added here,
afterwards, at steps that all of them looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


def place_of(path: Path, rank: int) -> Path:
    """Where the process of this rank writes: the first one as told, the others beside it.

    >>> place_of(Path("run.record"), 0).name, place_of(Path("run.record"), 2).name
    ('run.record', 'run.rank2.record')
    """
    return path.with_name(f"{path.stem}.rank{rank}{path.suffix}") if rank else path


def joined(own: Sequence[Entry], others: Sequence[Sequence[Entry]]) -> tuple[list[Entry], int, int]:
    """The entries of the first process, the norms of split tensors being those of all parts together.

    Also how many steps with split tensors there are, and at how many of them every process looked.

    >>> parts = [[{"kind": "step", "step": 1, "gradient": [g], "parts": [1]}] for g in (3.0, 4.0)]
    >>> joined(parts[0], parts[1:])[0][0]["gradient"]
    [5.0]
    """
    theirs = [{(e["step"], e.get("optimizer", 0)): e for e in one if e["kind"] == "step"} for one in others]
    found: list[Entry] = []
    split = complete = 0
    for entry in own:
        if entry["kind"] != "step" or not any(part != 0 for part in entry.get("parts") or ()):
            found.append(entry)
            continue
        same = [one.get((entry["step"], entry.get("optimizer", 0))) for one in theirs]
        all_of = [entry, *(one for one in same if one is not None and one.get("parts") == entry["parts"])]
        split += 1
        whole = len(all_of) == 1 + len(theirs)
        complete += whole
        found.append(_whole(all_of) if whole else entry)
    return found, split, complete


def _whole(entries: Sequence[Entry]) -> Entry:
    parts = entries[0]["parts"]
    new = dict(entries[0])
    for name in ("gradient", "weight", "update"):
        new[name] = _along(entries, name, lambda values, copies: math.sqrt(sum(v * v for v in values) / copies))
    new["bad"] = _along(entries, "bad", lambda values, copies: round(sum(values) / copies))
    new["same"] = _along(entries, "same", lambda values, _: sum(values) / len(values))
    new["distinct_rows"] = [
        None if part != 0 else n for part, n in zip(parts, new.get("distinct_rows") or (), strict=False)
    ]
    slopes = [entry.get("slope") for entry in entries]
    alike = parts[0] if parts[0] and len(set(parts)) == 1 else None
    known = [slope for slope in slopes if slope is not None]
    new["slope"] = sum(known) / alike if alike and len(known) == len(slopes) else None
    new["parts"] = [None if part is None else 0 for part in parts]
    return new


def _along(entries: Sequence[Entry], name: str, together: Any) -> list[Any]:
    """A list of the first entry, those of split tensors put together with the other entries' where all have one."""
    out = list(entries[0].get(name) or ())
    for i, copies in enumerate(entries[0]["parts"][: len(out)]):
        values = [
            value for entry in entries if i < len(entry.get(name) or ()) and (value := entry[name][i]) is not None
        ]
        if copies and values:  # a process may hold no part of a small tensor
            out[i] = together(values, copies)
    return out


def is_split(entries: Sequence[Mapping[str, Any]]) -> bool:
    """Whether norms in it are of parts of tensors.

    >>> is_split([{"kind": "step", "step": 1, "parts": [1]}]), is_split([{"kind": "step", "step": 1}])
    (True, False)
    """
    return any(part != 0 for e in entries if e["kind"] == "step" for part in e.get("parts") or ())
