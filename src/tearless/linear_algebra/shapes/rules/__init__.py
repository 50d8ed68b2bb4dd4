"""What operations give, by the rules of NumPy, PyTorch and JAX: one file for each family, found by ``RULES``."""

from __future__ import annotations

from . import broadcasting, products
from .registry import RULES, results

__all__ = ["RULES", "broadcasting", "products", "results"]
