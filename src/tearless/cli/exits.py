"""The exit statuses, and the words that go with a fault of our own."""

from __future__ import annotations

import tearless

CLEAN = 0
FOUND = 1
UNUSABLE = 2
FAULT = 3
STOPPED = 130
BROKEN_PIPE = 141

LAST_LINES = 6


def fault_words(where: str, trace: str) -> str:
    """What to report when tearless itself failed: where, the version, and the end of the traceback."""
    import platform

    last = "\n".join(f"  {line}" for line in trace.strip().splitlines()[-LAST_LINES:])
    return (
        f"internal fault in {where} (tearless {tearless.__version__}, Python {platform.python_version()}); "
        f"please report it with these lines:\n{last}"
    )
