"""``tearless.compare``: is B really better than A, by how much, and how sure is that?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, get_args

import numpy as np

from tearless.core import Asked, InputError, quoted
from tearless.core.catalogue import catalogue
from tearless.readers import open_table
from tearless.report.report import Report

from .comparing.answer import answer
from .comparing.join import Unmatched
from .comparing.results import results
from .examine import examine

_EXAMPLES = {
    "level": "0.95 is usual",
    "margin": "0.02 is two points",
    "test_share": "0.25 is a fifth of the rows to test",
}


def compare(
    *given: Any,
    truth: Any = None,
    score: str | None = None,
    models: Sequence[str] = (),
    metric: str | None = None,
    item: str | None = None,
    cluster: str | None = None,
    fold: str | None = None,
    repeat: str | None = None,
    seeds: str | None = None,
    data_set: str | None = None,
    model: str | None = None,
    predicted: str | None = None,
    probability: str | None = None,
    baseline: str | None = None,
    design: str | None = None,
    method: str | None = None,
    level: float = 0.95,
    margin: float | None = None,
    looks: int | None = None,
    test_share: float | None = None,
    positive: str | None = None,
    lower_is_better: bool | None = None,
    paired: bool = True,
    unmatched: Unmatched = "refuse",
    only: Mapping[str, str] | None = None,
    null: Sequence[str] = (),
    seed: int = 0,
) -> Report:
    """Compare the results of two or more models: how big is the difference, how sure, and what would change that.

    ``given`` is a path or a table for each model, a mapping of names to these, or one table with a column (or, with a
    column that names it, rows) for each model. Files are those that ``check`` reads, and logs of lm-evaluation-harness
    (``samples_*.jsonl``) and Inspect. Rows are joined by an ``item`` column where there is one, else by position; what
    does not match is refused, or left out with ``unmatched="drop"``. ``truth`` (a column, a file, or an array in the
    rows' order) makes the columns predictions, judged by ``metric``; without it they are scores, 0 and 1 for wrong and
    right. Arrays are (n,) or, for probabilities of k classes, (n, k) with named columns.

    The design is recognised from the columns and said in the report; ``cluster``, ``fold``, ``repeat``, ``seeds``,
    ``data_set`` and ``model`` name columns, ``design`` and ``method`` overrule. ``margin`` asks whether a model is no
    worse, ``looks`` what holds after so many looks (0: any number). ``level`` is the confidence of intervals.

    The report's numbers are ``difference`` (with its interval), ``p``, ``detectable``, ``needed``, ``value of A`` and
    more; with several models each ends in `` of NAME``. Raises ``InputError`` for what cannot be read, matched or
    compared, ``CannotTell`` where the rows do not say.

    >>> old, new = [1, 1, 0, 1, 0, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1, 1]
    >>> report = compare({"old": old, "new": new})
    >>> round(report["difference"].value, 3), report["p"].value
    (0.375, 0.125)
    """
    _checked(level=level, margin=margin, test_share=test_share, looks=looks, unmatched=unmatched)
    told = {
        "item": item,
        "cluster": cluster,
        "fold": fold,
        "repeat": repeat,
        "seed": seeds,
        "data_set": data_set,
        "model": model,
        "predicted": predicted,
        "probability": probability,
    }
    whole: Any = given[0] if len(given) == 1 and _by_name(given[0]) else given
    found = results(
        whole,
        told,
        truth=truth,
        score=score,
        models=models,
        metric=metric,
        where=only,
        unmatched=unmatched,
        paired=paired,
        null=null,
    )
    plan = replace(
        found.plan,
        cluster_named=cluster is not None,
        positive=positive,
        lower_is_better=lower_is_better,
        baseline=baseline,
        design=design,
        method=method,
        level=level,
        margin=margin,
        looks=looks,
        test_share=test_share,
    )
    source = replace(open_table(found.frame, "results"), label=" and ".join(plan.models[:3]), notes=plan.notes)
    checks = [check for entry in catalogue() if (check := entry.load()).about == "comparison"]
    return examine(source, checks, Asked(seed=seed, options={"plan": plan}), answer=answer)


def _checked(*, level: Any, margin: Any, test_share: Any, looks: Any, unmatched: Any) -> None:
    """Raises ``InputError`` for wishes that no comparison can grant."""
    for name, x, most in (("level", level, 1.0), ("margin", margin, math.inf), ("test_share", test_share, math.inf)):
        number = isinstance(x, (int, float, np.number)) and not isinstance(x, bool)
        if x is not None and not (number and 0 < x < most):
            span = "between 0 and 1" if most == 1 else "above 0"
            raise InputError(f"{name}: expected a number {span}, got {quoted(repr(x))}; {_EXAMPLES[name]}")
    if looks is not None and not (hasattr(looks, "__index__") and not isinstance(looks, bool) and looks >= 0):
        raise InputError(f"looks: expected a whole number of at least 0, got {quoted(repr(looks))}; 0 is any number")
    if unmatched not in get_args(Unmatched):
        raise InputError(f"unmatched: expected 'refuse' or 'drop', got {quoted(repr(unmatched))}; name one of them")


def _by_name(given: Any) -> bool:
    """Whether a mapping holds a table for each model, and is not itself a table of columns."""
    if not isinstance(given, Mapping) or not all(_is_column(value) for value in given.values()):
        return isinstance(given, Mapping)
    return len({len(value) for value in given.values()}) > 1


def _is_column(value: Any) -> bool:
    if isinstance(value, (str, PathLike)):
        return False
    return getattr(value, "ndim", 1) == 1 and not hasattr(value, "columns") and not isinstance(value, Mapping)
