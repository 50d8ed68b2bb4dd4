"""A path or an object in, a ``Source`` out: one file per format."""

from __future__ import annotations

from .open import open_table

__all__ = ["open_table"]
