"""Linear algebra on one thread for a while: products that are tall and thin are quicker so."""

from __future__ import annotations

import functools
import sys
from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """While it is entered, the libraries of linear algebra (BLAS) that are loaded work on one thread each.

    To find them, every library of the process is looked through, which takes milliseconds where PyTorch or JAX is
    loaded; they are looked for again only where a module was imported since.

    >>> import numpy as np
    >>> with one_thread():
    ...     np.ones((2, 3)) @ np.ones(3)
    array([3., 3.])
    """
    limit: AbstractContextManager[Any] = _found(len(sys.modules)).limit(limits=1, user_api="blas")
    return limit


@functools.lru_cache(maxsize=1)
def _found(_modules: int) -> ThreadpoolController:
    """The libraries that are loaded once there are so many modules."""
    return ThreadpoolController()
