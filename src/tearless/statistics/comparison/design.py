"""The designs a comparison can have. Nothing heavy is imported: the command line reads their names."""

from __future__ import annotations

from enum import StrEnum


class Design(StrEnum):
    """How the rows hang together: what makes one test right and the others wrong.

    >>> Design("folds") is Design.folds, [str(design) for design in Design][:3]
    (True, ['items', 'different items', 'items in clusters'])
    """

    items = "items"
    unpaired = "different items"
    clusters = "items in clusters"
    folds = "folds"
    seeds = "seeds"
    seeds_and_items = "seeds and items"
    data_sets = "data sets"
