"""What goes through without an error and is not what it looks like, seen line by line."""

from __future__ import annotations
