"""What each check said on its own examples, as last recorded: read by the pages, which run nothing themselves."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

FILE = "seen.json"
"""Written by ``docs/build.py``, beside this module."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One example that was run: its role, its name, and what the check said, a line a finding."""

    role: str
    example: str
    said: tuple[str, ...]
    because: str = ""
    """Why the check is known to be wrong here, where the example is an admitted weakness."""


def recorded(path: str, examples: Mapping[str, tuple[str, ...]]) -> tuple[Seen, ...] | None:
    """The record of the check ``pillar/name``; ``None`` where there is none of just these examples."""
    seen = tuple(Seen(**{**entry, "said": tuple(entry["said"])}) for entry in _record().get(path, ()))
    names = [(role, name) for role, of_role in examples.items() for name in of_role]
    return seen if sorted(names) == sorted((s.role, s.example) for s in seen) else None


def as_text(seen: Mapping[str, tuple[Seen, ...]]) -> str:
    """The record as it is kept: one JSON object, checks by path."""
    plain = {path: [asdict(one) for one in seen[path]] for path in sorted(seen)}
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


@functools.cache
def _record() -> Mapping[str, list[dict[str, Any]]]:
    file = files(__package__).joinpath(FILE)
    record: dict[str, list[dict[str, Any]]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return record
