"""An entry of a record as the class of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from .told import Op, Parameter, Tensor

T = TypeVar("T")


def decoded(of: type[T], entry: Mapping[str, Any]) -> T:
    """An entry as its class: the fields it knows, lists as tuples, entries within entries as theirs.

    >>> decoded(Tensor, {"shape": [3, 4], "new": 1}).shape
    (3, 4)
    """
    known = {f.name for f in fields(of)}  # type: ignore[arg-type]
    return of(**{name: _value(of, name, value) for name, value in entry.items() if name in known})


INNER: Mapping[tuple[str, str], type[Any]] = {
    ("Model", "parameters"): Parameter,
    ("Graph", "ops"): Op,
    ("Given", "inputs"): Tensor,
    ("Loss", "input"): Tensor,
    ("Loss", "target"): Tensor,
}


def _value(of: type[Any], name: str, value: Any) -> Any:
    inner = INNER.get((of.__name__, name))
    if inner is not None:
        return decoded(inner, value) if isinstance(value, Mapping) else tuple(decoded(inner, one) for one in value)
    return _tuples(value)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
