"""``tearless.check``: is this table fit for training, or what went wrong in this run, and what exactly?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from tearless.core import Asked, InputError, Outcome, encodable, listed, quoted
from tearless.core.catalogue import Entry, catalogue, find
from tearless.core.check import Check
from tearless.core.fact import About
from tearless.readers.parts.open import Engine
from tearless.readers.source import Source
from tearless.report.report import Report

from .after import is_a_path, report_of, run_left_behind
from .calibrating.recognising import are_predictions
from .examine import examine
from .gather import Progress
from .history import history
from .opened import table
from .predicted import predicted

WORDS = {
    "table": "a table",
    "predictions": "predictions",
    "comparison": "a comparison of models",
    "logits": "logits",
    "training": "a training run",
    "shapes": "shapes",
}
COMMANDS = {
    "table": "tearless check TABLE",
    "predictions": "tearless calibrate PREDICTIONS",
    "comparison": "tearless compare A B",
    "logits": "tearless sample LOGITS",
    "training": "tearless watch SCRIPT",
    "shapes": "tearless shapes",
}


def check(
    data: Any,
    *,
    target: str | None = None,
    test: Any = None,
    against: Any = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    seed: int = 0,
    null: Sequence[str] = (),
    kind: About | None = None,
    engine: Engine | None = None,
    skip_unreadable: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Check a table before training on it, the predictions of a model, or what a training run left behind.

    ``data`` is a path (CSV, TSV, Parquet, Arrow, JSON lines, ``.npy``, ``.npz``, Excel; a folder or a glob of Parquet)
    or a table in memory (pandas, Polars, PyArrow, NumPy, a dict of columns, anything narwhals understands), rows by
    columns. ``target`` names the column to predict, ``test`` a second table to compare with. ``select`` and ``ignore``
    name checks or pillars. ``null`` lists words that stand for a missing value in text files. Tables larger than memory
    are read in batches; what is drawn at random is drawn with ``seed``. A table whose columns are a truth and its
    predictions, by their names and values, is checked as predictions, and the report says so; ``kind`` ("table",
    "predictions", "training") decides instead.

    ``against`` names what was kept of earlier tables (``tearless.summarize``): the path of a fact file, a summary, or a
    list of them in order. The table is compared with them, without their rows.

    A table may lie in parts: a Dask or Spark DataFrame is measured where its partitions lie, and Parquet files are by
    the ``engine`` that is named ("dask", "spark"; paths that its workers can read). Only facts travel. With
    ``skip_unreadable`` files of a table that cannot be read are left out, and the report says so.

    Of a training run ``data`` is its record (``tearless watch --record``), a TensorBoard event file or the folder of a
    run, a CSV or JSON lines log that counts steps or epochs and names a loss, transformers' ``trainer_state.json``, a
    checkpoint (``.safetensors``, or ``.pt`` in the zip format of ``torch.save``, which is read and never executed), or
    a list of checkpoints of one run, which are compared in the order of their steps. Each check tells what these let it
    tell; the others "cannot tell" and name what is missing.

    Raises ``InputError`` where the data cannot be read, a name is unknown, or no check is left to run. A check that
    fails itself stops no other: ``report.faults`` has its traceback.

    >>> report = check({"a": [1.0, 2.0, 3.0, 4.0], "b": [7, 7, 7, 7]}, select=["constant-column"])
    >>> [f.headline for f in report.findings]
    ['`b` holds one value, 7, in every row']
    """
    chosen, left = _chosen(_names(select, "select"), _names(ignore, "ignore"))
    kind = _sure(kind, against)
    skipped = [Outcome(e.name, e.pillar, "skipped", "by --select or --ignore") for e in left]
    if kind == "training" or (kind is None and target is None and test is None and is_a_path(data)):
        run = run_left_behind(data, sure=kind == "training")
        checks = about("training", chosen, bool(select) and kind is not None) if run else []
        if run and (checks or not select):
            return report_of(run, checks, skipped, seed, progress)
    source = table(data, "data", null, engine, skip_unreadable)
    if kind == "predictions" or (kind is None and target is None and are_predictions(source)):
        checks = about("predictions", chosen, bool(select) and kind is not None)
        if checks:
            return _of_predictions(source, test, checks, kind is None, null, seed, progress)
    asked, source = _asked(source, target, test, against, seed)
    second = table(test, "test", null, engine, skip_unreadable) if test is not None else None
    answer = history if against is not None else None
    return examine(source, about("table", chosen, bool(select)), asked, second, skipped, progress, answer)


def _sure(kind: About | None, against: Any) -> About | None:
    """What the data are, where that is said; only a table is compared with earlier ones."""
    if kind not in (None, "table", "predictions", "training"):
        got = quoted(repr(kind))
        raise InputError(f"kind: expected table, predictions or training, got {got}; leave it out to have it seen")
    if against is None:
        return kind
    if kind not in (None, "table"):
        raise InputError(f"against: expected it with a table, got it with {WORDS[kind]}; leave out one of the two")
    return "table"


def _asked(source: Source, target: str | None, test: Any, against: Any, seed: int) -> tuple[Asked, Source]:
    """What the user asked of a table; and the table, with what is to be said of earlier ones among its notes."""
    known, past = _known(target, source.schema.names()), {}
    if against is not None:
        from .summarize import past_of

        past["past"], notes = past_of(against, source)
        source = replace(source, notes=(*source.notes, *notes))
    return Asked(known, test is not None, seed, past), source


def _of_predictions(
    source: Source,
    test: Any,
    checks: Sequence[Check],
    seen: bool,
    null: Sequence[str],
    seed: int,
    progress: Progress | None,
) -> Report:
    """The report of predictions, and of the rows to compare with, whose truth is not needed."""
    found = predicted(source, null=null, needs_probabilities=False)
    note = "a truth and its predictions, checked as predictions (--as table checks it as a table)"
    own = replace(found.source, notes=(*found.source.notes, *([note] if seen else [])))
    second = None
    if test is not None:
        second = predicted(
            test, None, "test", needs_truth=False, needs_probabilities=False, null=null, names=found.names
        )
    asked = Asked(has_test=second is not None, seed=seed)
    return examine(own, checks, asked, second.source if second else None, progress=progress)


def about(kind: About, entries: Iterable[Entry], named: bool) -> list[Check]:
    """The checks among ``entries`` that look at this kind of thing, loaded.

    Raises ``InputError`` where none does though they were ``named``, naming the command that runs them.
    """
    loaded = [entry.load() for entry in entries]
    fitting = [check for check in loaded if check.about == kind]
    if named and not fitting:
        other = loaded[0]
        raise InputError(
            f"select: expected checks of a {kind}, got {quoted(other.name)}, which looks at {WORDS[other.about]}; "
            f"run `{COMMANDS[other.about]}`"
        )
    return fitting


def _known(target: str | None, names: Sequence[str]) -> str | None:
    """The target as the readers name it. Raises ``InputError``, with near names, where the table has no such column."""
    if target is None:
        return None
    if not isinstance(target, str):
        got = quoted(repr(target))
        raise InputError(f"target: expected the name of a column, as text, got {got}; the table has {listed(names)}")
    if (name := encodable(target)) in names:
        return name
    near = difflib.get_close_matches(target, names, n=3, cutoff=0.6)
    hint = f"did you mean {listed(near)}?" if near else "name one of them"
    raise InputError(f"target: expected a column of the table, got {quoted(target)}; it has {listed(names)}; {hint}")


def _names(given: Sequence[str], argument: str) -> list[str]:
    """Names of checks or pillars; a single text may hold several, joined by commas."""
    given = [given] if isinstance(given, str) else given
    texts = list(given) if isinstance(given, Iterable) else [given]
    names = [part.strip() for text in texts if isinstance(text, str) for part in text.split(",") if part.strip()]
    if not all(isinstance(text, str) for text in texts) or (texts and not names):
        got = quoted(repr(given))
        raise InputError(f"{argument}: expected names of checks or pillars, got {got}; see `tearless catalogue`")
    return names


def _chosen(select: Sequence[str], ignore: Sequence[str]) -> tuple[list[Entry], list[Entry]]:
    """The entries to run, and those left out, in catalogue order. A name is a check, ``pillar/check`` or a pillar.

    Raises ``InputError`` for an unknown name, and where no check is left to run.
    """
    pillars = {e.pillar for e in catalogue()}

    def named(names: Sequence[str], argument: str) -> set[str]:
        whole = {e.path for e in catalogue() if e.pillar in names}
        return whole | {e.path for name in names if name not in pillars for e in find(name, argument)}

    wanted = named(select, "select") if select else {e.path for e in catalogue()}
    wanted -= named(ignore, "ignore")
    if not wanted:
        raise InputError(f"ignore: expected at least one check to be left, got {listed(ignore)}; ignore fewer")
    return [e for e in catalogue() if e.path in wanted], [e for e in catalogue() if e.path not in wanted]
