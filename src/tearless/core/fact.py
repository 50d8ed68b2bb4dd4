"""What a source tells us, measured once and shared by the checks that name it by type."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import (
    Annotated,
    Any,
    Literal,
    Protocol,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
    runtime_checkable,
)

from .errors import InputError
from .text import quoted


@runtime_checkable
class Mergeable(Protocol):
    """A fact measured batch by batch: ``of(batch)`` and ``merge(later)``.

    The laws: the fact of an empty batch is the identity; merging is associative; the numbers do not depend, beyond
    rounding, on how the rows were cut into batches.
    """

    @classmethod
    def of(cls, batch: Any) -> Self: ...

    def merge(self, later: Self) -> Self: ...


@runtime_checkable
class Drawn(Protocol):
    """A mergeable fact that may rest on a part of the rows: ``part`` says which, in words; empty while on all."""

    @property
    def part(self) -> str: ...


@runtime_checkable
class Derived(Protocol):
    """A fact made of other facts: ``derive`` names them by type.

    It raises ``NotApplicable`` or ``CannotTell`` where it cannot be made; every check that names it then says so.
    """

    derive: Callable[..., Any]


About = Literal["table", "predictions", "comparison", "logits", "training", "shapes"]
"""What a check looks at: the kind of its first fact that says so (``about``), else a table."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked: always at hand. Raises ``InputError`` for a seed that is no whole number of at least 0.

    ``options`` are the further wishes of the command at work (``compare``: the design, the metric, the margin ...), by
    name; a fact that knows them reads them.
    """

    target: str | None = None
    has_test: bool = False
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        whole = hasattr(self.seed, "__index__") and not isinstance(self.seed, bool)
        if not whole or operator.index(self.seed) < 0:
            got = quoted(repr(self.seed))
            raise InputError(f"seed: expected a whole number of at least 0, got {got}; leave it out for 0")
        object.__setattr__(self, "seed", operator.index(self.seed))


T = TypeVar("T")
OfTest = Annotated[T, "test"]
"""``OfTest[Sample]`` is the ``Sample`` of the second table (``--test``), where ``Sample`` is that of the first."""


@dataclass(frozen=True, slots=True)
class Need:
    """One fact that a ``measure`` or ``derive`` names: its type, of the first table or of the test table.

    ``optional`` (``OfTest[Sample] | None``): it is ``None`` where no test table was given.
    """

    type: Any
    """The class of the fact, ``Asked`` or ``numpy.random.Generator``."""
    of_test: bool = False
    optional: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"{self.type.__name__} of the test table" if self.of_test else self.type.__name__


def needs(function: Callable[..., Any]) -> dict[str, Need]:
    """The facts that a function names by the annotations of its parameters, in order.

    Raises ``TypeError`` where a parameter has no annotation.
    """
    hints = get_type_hints(function, include_extras=True)
    named = list(inspect.signature(function).parameters)
    missing = [name for name in named if name not in hints]
    if missing:
        raise TypeError(f"{function.__module__}.{function.__name__}: no type on {missing}; facts are named by type")
    return {name: _need(hints[name]) for name in named}


def about(needs: Mapping[str, Need]) -> About:
    """What the facts tell of: the kind of the first that says so, else a table.

    >>> about({"asked": Need(Asked)})
    'table'
    """
    kinds: list[About] = [need.type.about for need in needs.values() if hasattr(need.type, "about")]
    return kinds[0] if kinds else "table"


def ingredients(need: Need) -> Mapping[str, Need]:
    """What a derived fact is made of, of the same table as itself."""
    return {k: Need(n.type, need.of_test or n.of_test) for k, n in _made_of(need.type).items()}


@functools.lru_cache(maxsize=1024)
def _made_of(kind: Any) -> Mapping[str, Need]:
    return needs(kind.derive)


def mergeables(wanted: Iterable[Need]) -> set[Need]:
    """The mergeable facts that the wanted ones come down to."""
    found: set[Need] = set()
    for need in wanted:
        if is_derived(need.type):
            found |= mergeables(ingredients(need).values())
        elif _is_mergeable(need.type):
            found.add(need)
    return found


@functools.lru_cache(maxsize=1024)
def is_derived(kind: Any) -> bool:
    """Whether a class is a ``Derived`` fact; asked of each class once, as looking at a protocol takes long."""
    return isinstance(kind, Derived)


@functools.lru_cache(maxsize=1024)
def _is_mergeable(kind: Any) -> bool:
    return isinstance(kind, Mergeable)


def _need(hint: Any) -> Need:
    if type(None) in get_args(hint):
        (some,) = (kind for kind in get_args(hint) if kind is not type(None))
        return replace(_need(some), optional=True)
    if get_origin(hint) is Annotated:
        kind, role = get_args(hint)[:2]
        return Need(kind, role == "test")
    return Need(hint)
