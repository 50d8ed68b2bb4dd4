"""How bad, and in which order to mend."""

from __future__ import annotations

from enum import IntEnum
from typing import Self

from .errors import InputError
from .text import quoted


class Severity(IntEnum):
    """How much a finding matters. Ordered: ``note < warning < error``."""

    note = 10
    warning = 20
    error = 30

    @classmethod
    def of(cls, given: Severity | str) -> Self:
        """A severity by itself or by its name. Raises ``InputError`` for what is none.

        >>> Severity.of("warning").name
        'warning'
        """
        try:
            return cls[given] if isinstance(given, str) else cls(given)
        except (KeyError, ValueError):
            names = ", ".join(s.name for s in cls)
            raise InputError(f"severity: expected one of {names}, got {quoted(str(given))}; name one of them") from None


class Mend(IntEnum):
    """What to mend first among findings of one severity: an earlier step can make a later finding vanish."""

    source = 1
    """Which rows and columns belong in the table: leaks, overlaps, duplicates, identifiers."""
    values = 2
    """What the cells hold: missing, infinite, sentinel, text for numbers."""
    columns = 3
    """What the columns are to one another: constants, exact combinations, collinearity."""
    scale = 4
    """How the numbers are laid out: units, offsets, skew."""
    contract = 11
    """Of a training run: what its code must do and does not (gradients cleared, parameters given to the optimiser)."""
    numerics = 12
    """Numbers that are nan, infinite, or lost to rounding."""
    data = 13
    """What the run is given: inputs, labels, their order."""
    optimiser = 14
    """How far it steps: rate, momentum, clipping, decay."""
    capacity = 15
    """What the model can hold, and how much of it is used."""
