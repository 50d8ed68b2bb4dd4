"""How bad, and in which order to mend."""

from __future__ import annotations

from enum import IntEnum


class Severity(IntEnum):
    """How much a finding matters. Ordered: ``note < warning < error``."""

    note = 10
    warning = 20
    error = 30


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
