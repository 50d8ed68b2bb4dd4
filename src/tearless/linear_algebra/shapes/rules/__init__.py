"""What operations give, by the rules of NumPy, PyTorch and JAX: one file for each family, found by ``RULES``."""

from __future__ import annotations

from . import broadcasting, einsum, joining, products, reducing, reshaping
from . import convolution as convolution
from . import layers as layers
from . import normalising as normalising
from . import pooling as pooling
from . import recurrent as recurrent
from .registry import RULES, results

__all__ = ["RULES", "broadcasting", "einsum", "joining", "products", "reducing", "reshaping", "results"]
