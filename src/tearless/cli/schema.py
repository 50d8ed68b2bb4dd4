"""``tearless schema``."""

from __future__ import annotations

from .streams import say


def schema() -> int:
    """Print the JSON schema of `check --format json`."""
    from tearless.report.json import schema

    say(schema())
    return 0
