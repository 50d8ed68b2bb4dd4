"""From what was given to one joined table: each model's column found, the truth brought in, everything joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from tearless.core import InputError, listed, quoted
from tearless.doctor.roles import Roles, known, refuse_percent
from tearless.statistics.comparison.judged import is_loss

from .entrants import Entrant, entrants
from .join import Joined, Unmatched, joined
from .values import Values, predicted_kind, values


def results(
    given: Sequence[Any] | Mapping[str, Any],
    told: Mapping[str, str | None],
    *,
    truth: Any = None,
    score: str | None = None,
    models: Sequence[str] = (),
    metric: str | None = None,
    where: Mapping[str, str] | None = None,
    unmatched: Unmatched = "refuse",
    paired: bool = True,
    null: Sequence[str] = (),
) -> Joined:
    """The results of all models in one table. ``truth`` is a column of theirs, a file, or an array in their order.

    Raises ``InputError`` where results are missing, unclear or do not match.
    """
    tables = entrants(given, told, where, null)
    tables, beside = _with_truth(tables, truth, told, null)
    if len(tables) == 1:
        if score is not None:
            raise InputError(
                f"--score: expected a table for each model, got one, {tables[0].label}; name the columns of its models "
                "with --models"
            )
        columns = _wide(tables[0], models, beside, metric)
        tables = [tables[0]] * len(columns)
    else:
        columns = [_one(table, score, metric, beside) for table in tables]
    whole = joined(tables, columns, unmatched, paired)
    notes = tuple(dict.fromkeys(note for table in tables for note in table.notes))
    compared = {value.column for value in columns}
    if len({id(table) for table in tables}) > 1 and len(compared) == 1 and score is None:
        notes = (*notes, f"compared on {quoted(columns[0].column)}{_others(tables[0], columns[0])}")
    loss = None
    if whole.plan.holds == "scores" and metric is None and all(is_loss(name) for name in compared):
        loss = columns[0].column if len(compared) == 1 else "loss"
        notes = (*notes, f"less is better, by the name of {listed(sorted(compared))}; else say --higher-is-better")
    return replace(whole, plan=replace(whole.plan, notes=notes, metric=metric or loss))


def _others(table: Entrant, value: Values) -> str:
    left = [name for name in table.roles.scores if name != value.column]
    return f"; {listed(left)} could be named with --score" if left and value.holds == "scores" else ""


def _one(table: Entrant, score: str | None, metric: str | None, beside: pl.Series | None) -> Values:
    if score is not None:
        score = known(score, table.frame.columns, table.label, "score")
    return values(table, score, metric, beside)


def _with_truth(
    tables: list[Entrant], truth: Any, told: Mapping[str, str | None], null: Sequence[str]
) -> tuple[list[Entrant], pl.Series | None]:
    """The tables, with the truth of another file joined to each; or the truth in their order, row by row."""
    if truth is None:
        return tables, None
    if isinstance(truth, str) and all(truth in table.frame.columns for table in tables):
        return [replace(table, roles=_with_truth_in(table.roles, truth)) for table in tables], None
    if isinstance(truth, str) and not Path(truth).exists():
        names = listed(tables[0].frame.columns)
        raise InputError(
            f"--truth: expected a column of every table or the path of a file, got {quoted(truth)}; "
            f"{tables[0].label} has {names}; name one of these, or check the path"
        )
    tables = [replace(table, roles=_without_truth(table.roles)) for table in tables]
    own = entrants({"truth": truth}, told, None, null, lenient=True)[0]
    column = _truth_column(own)
    keys = (own.roles.item, *(table.roles.item for table in tables))
    if all(key is not None for key in keys):
        return [_joined_truth(table, own, column) for table in tables], None
    for table in tables:
        if table.frame.height != own.frame.height:
            raise InputError(
                f"--truth: expected a row for each of the {table.frame.height:,} of {table.label}, or an id in both, "
                f"got {own.frame.height:,} rows and no shared id; name it with --item"
            )
    return tables, own.frame[column]


def _with_truth_in(own: Roles, column: str) -> Roles:
    """The parts with the truth in this column, which is then nothing else."""
    return replace(own, truth=column, scores=tuple(name for name in own.scores if name != column))


def _without_truth(own: Roles) -> Roles:
    """The parts where the truth is elsewhere: a column called like one is the prediction, as in what a competition
    asks for."""
    said = own.truth if not own.probabilities and own.predicted is None else own.predicted
    return replace(own, truth=None, predicted=said)


def _truth_column(own: Entrant) -> str:
    if own.roles.truth is not None:
        return own.roles.truth
    left = [name for name in own.frame.columns if name not in own.roles.parts]
    if len(left) != 1:
        raise InputError(
            f"--truth: expected a file with a column of true values, got {own.label} with {listed(own.frame.columns)}; "
            "name that column `truth`"
        )
    return left[0]


def _joined_truth(table: Entrant, own: Entrant, column: str) -> Entrant:
    left, right = table.roles.item or "", own.roles.item or ""
    name = "truth"
    while name in table.frame.columns:
        name += "'"
    facts = own.frame.select(pl.col(right).cast(pl.String).alias("\0key"), pl.col(column).alias(name))
    if facts["\0key"].is_duplicated().any():
        raise InputError(f"--truth: expected each item once in {own.label}, got some twice; keep one row for each")
    frame = table.frame.with_columns(pl.col(left).cast(pl.String).alias("\0key"))
    frame = frame.join(facts, on="\0key", how="left", maintain_order="left").drop("\0key")
    lost = frame[name].null_count()
    if lost:
        raise InputError(
            f"--truth: expected the truth of every item, got none for {lost:,} of {table.frame.height:,} items of "
            f"{table.label}; add them to {own.label}"
        )
    return replace(table, frame=frame, roles=replace(table.roles, truth=name))


def _wide(table: Entrant, models: Sequence[str], beside: pl.Series | None, metric: str | None) -> list[Values]:
    """The columns of one table, a model each: those named, else every column of scores or of predictions."""
    truth = table.frame[table.roles.truth] if table.roles.truth is not None and beside is None else beside
    names = [known(name, table.frame.columns, table.label, "models") for name in models]
    if not names:
        free = [name for name in table.frame.columns if name not in table.roles.parts]
        predicted = [name for name in (table.roles.predicted, *table.roles.probabilities) if name is not None]
        names = list(table.roles.scores) if truth is None else [*predicted, *free]
        names.sort(key=table.frame.columns.index)
        if truth is None:
            refuse_percent(table.frame, free, table.label)
    if truth is None or truth.dtype.is_numeric():
        refuse_percent(table.frame, names, table.label)
    if len(set(names)) < len(names):
        raise InputError(f"--models: expected each column once, got {listed(names)}; name every model once")
    if len(names) < 2:
        raise InputError(
            f"results: expected at least two models, got {len(names)} column of results in {table.label}, which has "
            f"{listed(table.frame.columns)}; name a second table, or the columns of the models with --models"
        )
    if truth is None:
        return [Values(name, name, "scores", table.frame[name]) for name in names]
    return [Values(n, n, predicted_kind(table.frame[n], truth, metric), table.frame[n], truth) for n in names]
