"""What earlier tables were like: the profiles that ``--against`` names, day by day and together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tearless.core import Asked, CannotTell

from .profile import Profile


@dataclass(frozen=True, slots=True)
class DayColumn:
    """The few numbers of one column that stay when days are merged: for the history, and for how much days differ.

    ``count`` are the finite values (``None``: the column has no numbers), ``mean`` and ``std`` theirs.
    """

    missing: int
    count: int | None = None
    mean: float | None = None
    std: float | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One table that was summarized: what it was called, its rows, its columns in few numbers."""

    label: str
    rows: int
    columns: Mapping[str, DayColumn]


@dataclass(frozen=True)
class Past:
    """The days before this one, in the order in which they were named, and their profile together. Derived.

    ``whole`` has the columns that every day has; ``private`` says that it was written without values.
    """

    days: tuple[Day, ...]
    whole: Profile
    private: bool = False

    @classmethod
    def derive(cls, asked: Asked) -> Self:
        """What the user named. Raises ``CannotTell`` where no earlier table was named."""
        past = asked.options.get("past")
        if not isinstance(past, cls):
            raise CannotTell("no earlier table was named; name its facts with --against")
        return past
