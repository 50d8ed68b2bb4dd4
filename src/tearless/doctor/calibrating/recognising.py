"""Whether a table is one of predictions."""

from __future__ import annotations

import polars as pl

from tearless.doctor.roles import NAMES, plain, roles
from tearless.probability.predictions import texts
from tearless.readers.source import ReadAgain, Source

from .probabilities import PREFIX

LOOKED_AT = 10_000
MOST_OTHERS = 3
WEAK = frozenset(["p", "confidence", "score"])
"""Names of probabilities that a feature may have as well."""


def are_predictions(source: Source) -> bool:
    """Whether a table is a truth and its predictions: by the names of its columns, their values, and little else.

    Beside a truth there must be probabilities, or predicted classes of which the truth has some; of other numbers at
    most ``MOST_OTHERS`` columns, for a table of features may hold a column called "p" as well.

    >>> from tearless.readers import open_table
    >>> are_predictions(open_table({"y_true": [0, 1], "y_prob": [0.1, 0.8]}))
    True
    >>> are_predictions(open_table({"age": [31, 47], "y": [0, 1]}))
    False
    """
    if not _named_so(source):
        return False
    frame = _first_rows(source)
    own = roles(frame, {}, source.label)
    others = [name for name in own.scores if name not in own.parts]
    if own.truth is None or not frame.height or len(others) > MOST_OTHERS:
        return False
    truth = texts(frame[own.truth].drop_nulls())
    if truth.n_unique() > max(2, frame.height // 2) or frame[own.truth].dtype.is_nested():
        return False
    if len(own.probabilities) > 1:
        return True
    named = [name for name in own.probabilities if plain(name) not in WEAK]
    if own.predicted is None:
        return bool(named) and truth.n_unique() <= 2
    said = set(texts(frame[own.predicted].drop_nulls()).unique().to_list())
    return bool(own.probabilities) or (bool(said) and len(said & set(truth.unique().to_list())) * 2 >= len(said))


def _named_so(source: Source) -> bool:
    """Whether the names alone allow it, so that other tables are not read for it; nor a stream, read but once."""
    names = {plain(name) for name in source.schema}
    said = any(PREFIX.match(name) for name in source.schema) or names & (NAMES["predicted"] | NAMES["probability"])
    return bool(said and names & NAMES["truth"]) and not source.once


def _first_rows(source: Source) -> pl.DataFrame:
    try:
        return next(iter(source.batches())).frame.head(LOOKED_AT)
    except ReadAgain as again:
        return _first_rows(again.source)
