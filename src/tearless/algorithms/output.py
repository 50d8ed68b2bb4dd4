"""What a transformer hands out: an array, or a table of pandas or Polars with its columns named, where asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from tearless.algorithms.input import among
from tearless.core import CannotTell

KINDS = ("default", "pandas", "polars")


def kind_of(kind: Any) -> str:
    """The kind of table asked for, checked. Raises ``InputError`` for another.

    >>> kind_of("polars")
    'polars'
    """
    return str(among(kind, "transform", *KINDS))


def as_asked(transform: Callable[..., Any]) -> Callable[..., Any]:
    """A ``transform`` whose answer is in the container that ``set_output`` asked for, or scikit-learn's settings.

    >>> class Same:
    ...     _sklearn_output_config = {"transform": "polars"}
    ...     get_feature_names_out = lambda self: ["a", "b"]
    ...     transform = as_asked(lambda self, X: X)
    >>> import numpy as np
    >>> Same().transform(np.eye(2)).columns
    ['a', 'b']
    """

    @wraps(transform)
    def contained(self: Any, X: Any) -> Any:
        values = transform(self, X)
        asked = getattr(self, "_sklearn_output_config", {}).get("transform") or _everywhere()
        if asked == "default":
            return values
        names = list(self.get_feature_names_out())
        if asked == "polars":
            return _library("polars").DataFrame(values, schema=names, orient="row")
        return _library("pandas").DataFrame(values, columns=names, index=getattr(X, "index", None))

    return contained


def _everywhere() -> str:
    """What scikit-learn is set to give, where it is loaded."""
    sk = sys.modules.get("sklearn")
    return str(sk.get_config()["transform_output"]) if sk else "default"


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise CannotTell(f"{name} is not installed, and tables of it were asked for: pip install {name}") from None
