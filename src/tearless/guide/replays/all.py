"""Every incident, in the order in which they are told."""

from __future__ import annotations

import functools

from tearless.core import InputError, quoted

from . import descents, predictions, tables
from .replay import Incident, Replayed, replayed

INCIDENTS: tuple[Incident, ...] = (
    tables.STORIES[0],
    descents.STORIES[0],
    tables.STORIES[1],
    predictions.STORIES[0],
    predictions.STORIES[1],
    descents.STORIES[1],
)


@functools.lru_cache(maxsize=len(INCIDENTS))
def run(name: str) -> Replayed:
    """Run the incident of this name and its mended form. Raises ``InputError`` for a name that is none."""
    for incident in INCIDENTS:
        if incident.name == name:
            return replayed(incident)
    names = ", ".join(incident.name for incident in INCIDENTS)
    raise InputError(f"incident: expected one of {names}, got {quoted(name)}")
