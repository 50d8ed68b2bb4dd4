"""A path or an object in, a ``Source`` out: one file per format."""

from __future__ import annotations

from .open import open_table
from .source import Batch, ReadAgain, Source

__all__ = ["Batch", "ReadAgain", "Source", "open_table"]
