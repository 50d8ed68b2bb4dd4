"""What operations give, by the rules of NumPy, PyTorch and JAX: one file for each family, found by ``RULES``."""

from __future__ import annotations

from . import attention as attention
from . import broadcasting as broadcasting
from . import convolution as convolution
from . import einsum as einsum
from . import indexing as indexing
from . import joining as joining
from . import layers as layers
from . import laying as laying
from . import losses as losses
from . import more_products as more_products
from . import normalising as normalising
from . import picking as picking
from . import pooling as pooling
from . import products as products
from . import recurrent as recurrent
from . import reducing as reducing
from . import resampling as resampling
from . import reshaping as reshaping
from . import solving as solving
from . import splitting as splitting
from . import stretching as stretching
from . import turning as turning
from .registry import RULES, results

__all__ = ["RULES", "results"]
