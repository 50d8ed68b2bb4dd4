"""Layers and library functions that refused: which, on what, where they are made, and what mends them."""

from __future__ import annotations
