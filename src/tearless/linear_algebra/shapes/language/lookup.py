"""Which names of libraries are known, where they are known, and what is near to one that is not."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

from .catalogue import BOTH, NUMPY, TORCH, Known
from .layer_functions import FUNCTIONS
from .layer_table import LAYERS

PREFIXES: Mapping[str, str] = {
    "np": "numpy", "numpy": "numpy", "torch": "torch", "nn": "torch", "F": "torch", "jnp": "jax", "jax": "jax",
    "math": "", "lax": "jax", "functional": "torch", "linalg": "", "special": "", "fft": "", "random": "",
}  # fmt: skip
"""What may stand before a dot, and the library it speaks of."""
CONSTANTS = {"pi": math.pi, "inf": math.inf, "nan": math.nan, "newaxis": None}
DTYPES = frozenset([
    "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "complex64",
    "complex128", "bool_", "float8_e4m3fn", "uint16",
])  # fmt: skip
NUMBERS = frozenset([
    "sqrt", "exp", "log", "log2", "log10", "abs", "floor", "ceil", "round", "max", "min", "pow", "int", "float",
    "len", "prod", "isqrt", "sum",
])  # fmt: skip
"""What works on plain numbers too."""
MAKERS = frozenset([
    "zeros", "ones", "empty", "full", "rand", "randn", "normal", "eye", "arange", "linspace", "randint", "tensor",
    "array", "asarray", "meshgrid", "identity", "uniform",
])  # fmt: skip


def known_function(name: str, library: str, prefix: str = "") -> Known | None:
    """The function of this name: the library's own first, then what both have, then the other's.

    Behind ``F.`` it is that of ``torch.nn.functional``, which is another than a method of its name.
    """
    if prefix.rpartition(".")[2] in ("F", "functional") and name in FUNCTIONS:
        return FUNCTIONS[name]
    tables = [TORCH, FUNCTIONS, BOTH, NUMPY] if library == "torch" else [NUMPY, BOTH, TORCH, FUNCTIONS]
    return next((table[name] for table in tables if name in table), None)


def known_layer(name: str) -> bool:
    """Whether a layer of PyTorch is called so."""
    return name in LAYERS


def only_in(name: str) -> str:
    """The library that alone has a function of this name, or layers; empty where both have it."""
    if name in LAYERS or ((name in TORCH or name in FUNCTIONS) and name not in NUMPY and name not in BOTH):
        return "torch"
    return "numpy" if name in NUMPY and name not in TORCH and name not in BOTH else ""


@lru_cache(maxsize=1)
def every_name() -> tuple[str, ...]:
    """Every function, method and layer that is known."""
    return tuple(sorted({*BOTH, *NUMPY, *TORCH, *FUNCTIONS, *LAYERS}))


def near(name: str, more: Iterable[str] = ()) -> list[str]:
    """Known names close to this one."""
    names = {one.lower(): one for one in (*every_name(), *more)}
    found = difflib.get_close_matches(name.lower()[:40], list(names), n=3, cutoff=0.7)
    return [names[one] for one in found]
