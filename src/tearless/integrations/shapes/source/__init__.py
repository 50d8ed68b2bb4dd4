"""The source of the reader: the failing stretch of it, and where in it a value is made."""

from __future__ import annotations
