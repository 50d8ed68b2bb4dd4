"""Paths as a reader sees them."""

from __future__ import annotations

import os


def near(file: str) -> str:
    """The path from the working folder where the file lies below it; else as it is.

    >>> near(os.path.join(os.getcwd(), "net.py")), near("/elsewhere/net.py"), near("<string>")
    ('net.py', '/elsewhere/net.py', '<string>')
    """
    try:
        here = os.path.join(os.getcwd(), "")
    except OSError:
        return file
    return file.removeprefix(here)
