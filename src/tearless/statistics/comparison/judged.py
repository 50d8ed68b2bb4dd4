"""What each model's column says, judged by the metric: a score a row, or predictions beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tearless.core import CannotTell, InputError, quoted
from tearless.statistics.comparison.metrics import METRICS, Metric, metric
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.estimate import Estimate, Floats, student_quantile
from tearless.statistics.score_intervals import of_share

if TYPE_CHECKING:
    import polars as pl

DEFAULT = {"classes": "accuracy", "probabilities": "log-loss", "numbers": "mae"}
"""What predictions are judged by where the user names nothing: what one row can show by itself."""
COLUMNS = {"classes": ("classes",), "probabilities": ("probabilities", "scores", "classes"), "numbers": ("numbers",)}
"""Which metrics a kind of prediction serves; probabilities give classes by the larger half."""
SHARES = ("accuracy", "balanced-accuracy", "precision", "recall")
"""Metrics that are shares of rows, said in percent; the others are said as the numbers they are."""
_LOSSES = ("loss", "error", "mse", "mae", "rmse", "perplexity", "brier", "wer", "cer", "latency", "cost")
SYNONYMS = {
    "roc-auc": "auc", "ap": "average-precision", "logloss": "log-loss", "nll": "log-loss", "acc": "accuracy",
    "mcc": "matthews", "macro-f1": "f1-macro", "micro-f1": "f1-micro", "cohen-kappa": "kappa", "r-squared": "r2",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Judged:
    """The models' results by one metric, rows with a hole left out.

    ``scores`` holds a number a row for each model where the metric is their mean; else ``predicted`` and ``truth`` hold
    what ``metric`` needs. ``dropped`` counts rows left out. ``binary`` says that every score is 0 or 1.
    """

    name: str
    unit: str
    lower_is_better: bool
    scores: dict[str, Floats]
    truth: dict[str, Any]
    predicted: dict[str, Any]
    frames: dict[str, pl.DataFrame]
    metric: Metric | None = None
    binary: bool = False
    dropped: int = 0
    options: dict[str, Any] | None = None

    def estimate(self, model: str, level: float) -> Estimate:
        """One model's value, with its interval."""
        if self.metric is not None:
            return self.metric.estimate(self.truth[model], self.predicted[model], level=level, **(self.options or {}))
        x = self.scores[model]
        if self.binary:
            return of_share(float(x.sum()), len(x), level)
        return mean_of(x, level)


def mean_of(x: Floats, level: float) -> Estimate:
    """A mean with Student's interval; of one row, or of rows all alike, without bounds.

    >>> print(mean_of(np.array([1.0, 2.0, 3.0]), 0.95))  # 2 ± 4.303 / √3
    2 (-0.4841 to 4.484)
    """
    value, n = float(x.mean()), len(x)
    error = float(x.std(ddof=1)) / n**0.5 if n > 1 else float("nan")
    if n < 2 or error == 0:
        return Estimate(value, error, -np.inf, np.inf, level)
    reach = student_quantile(level, n - 1) * error
    return Estimate(value, error, value - reach, value + reach, level)


def judged(frame: pl.DataFrame, plan: Plan) -> Judged:
    """The results by the plan's metric. Raises ``InputError`` for a metric that the columns cannot give, ``CannotTell``
    where no row is whole."""
    frames = _whole_rows(frame, plan)
    dropped = frame.height - min(f.height for f in frames.values()) if plan.paired else 0
    if not all(f.height for f in frames.values()):
        raise CannotTell("no row has a result of every model; name the columns of results, or join by another id")
    if not plan.truth:
        return _of_scores(frames, plan, dropped)
    return _of_predictions(frames, plan, dropped)


def _whole_rows(frame: pl.DataFrame, plan: Plan) -> dict[str, pl.DataFrame]:
    """The rows without holes: of all models together where they are paired, of each by itself where not."""
    truths = plan.truth or ("",) * len(plan.models)
    holes = frame.fill_nan(None) if any(d.is_float() for d in frame.schema.values()) else frame
    if plan.paired:
        whole = holes.drop_nulls([*plan.models, *(t for t in set(truths) if t)])
        return dict.fromkeys(plan.models, whole)
    return {m: holes.drop_nulls([m, t] if t else [m]) for m, t in zip(plan.models, truths, strict=True)}


def _of_scores(frames: dict[str, pl.DataFrame], plan: Plan, dropped: int) -> Judged:
    name = (plan.metric or "").replace("_", "-")
    scores = {m: _numbers(f[m], m) for m, f in frames.items()}
    binary = all(bool(((x == 0) | (x == 1)).all()) for x in scores.values())
    lower = plan.lower_is_better
    lower = any(word in name for word in _LOSSES) if lower is None else lower
    inside = all(x.min() >= 0 and x.max() <= 1 for x in scores.values())
    name = name or ("accuracy" if binary else "mean score")
    return Judged(name, "share" if binary else "1", lower, scores, {}, {}, frames, None, binary, dropped)


def _numbers(column: pl.Series, model: str) -> Floats:
    if not (column.dtype.is_numeric() or str(column.dtype) == "Boolean"):
        raise InputError(
            f"results: expected numbers of {quoted(model)}, got {column.dtype}; name the truth with --truth to judge "
            "predictions"
        )
    x = np.asarray(column.cast(float).to_numpy(), dtype=np.float64)
    if not np.isfinite(x).all():
        raise InputError(f"results: expected finite scores of {quoted(model)}, got infinite ones; mend those rows")
    return x


def _of_predictions(frames: dict[str, pl.DataFrame], plan: Plan, dropped: int) -> Judged:
    asked = (plan.metric or DEFAULT[plan.holds]).replace("_", "-").lower()
    found = metric(SYNONYMS.get(asked, asked))
    if found.needs not in COLUMNS[plan.holds]:
        serves = ", ".join(sorted(n for n, m in METRICS.items() if m.needs in COLUMNS[plan.holds]))
        raise InputError(
            f"metric: expected one that {plan.holds} serve ({serves}), got {quoted(asked)}, which needs {found.needs}; "
            "name one of these, or the columns that it needs"
        )
    truths = dict(zip(plan.models, plan.truth, strict=True))
    truth = {m: _labels(f[truths[m]]) for m, f in frames.items()}
    predicted = {m: _labels(f[m]) for m, f in frames.items()}
    options = _options(found, truth, plan)
    if found.needs == "numbers":
        truth, predicted = ({m: x.astype(np.float64) for m, x in side.items()} for side in (truth, predicted))
    if found.needs in ("probabilities", "scores", "classes") and plan.holds == "probabilities":
        truth, predicted, options = _of_two(found, truth, predicted, options)
    if found.name == "accuracy":
        right = {m: (truth[m] == predicted[m]).astype(np.float64) for m in plan.models}
        return Judged("accuracy", "share", False, right, {}, {}, frames, None, True, dropped)
    unit = "share" if found.name.startswith(SHARES) else "1"
    return Judged(
        found.name, unit, not found.larger_is_better, {}, truth, predicted, frames, found, False, dropped, options
    )


def _labels(column: pl.Series) -> Any:
    return column.to_numpy() if column.dtype.is_numeric() else np.array(column.cast(str).to_list(), dtype=object)


def _options(found: Metric, truth: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """The positive class, where the metric asks for one: the one named, else the last of two."""
    if "positive" not in found.options:
        return {}
    names = np.unique(np.concatenate([np.unique(y) for y in truth.values()]))
    if plan.positive is not None:
        fits = [name for name in names if str(name) == str(plan.positive)]
        if not fits:
            known = ", ".join(map(str, names[:10]))
            raise InputError(f"positive: expected one of {known}, got {quoted(str(plan.positive))}; name one of them")
        return {"positive": fits[0]}
    if len(names) > 2:
        raise InputError(
            f"metric: {found.name} is of one class, got {len(names)} classes; name the one that counts with "
            f"--positive, or take {found.name}-macro"
        )
    return {"positive": names[-1]}


def _of_two(
    found: Metric, truth: dict[str, Any], p: dict[str, Any], options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Probabilities of the last of two classes, as each kind of metric takes them."""
    names = np.unique(np.concatenate([np.unique(y) for y in truth.values()]))
    if found.needs == "classes":
        low, high = (names[0], names[-1]) if len(names) > 1 else (None, names[-1])
        return truth, {m: np.where(x >= 0.5, high, low) for m, x in p.items()}, options
    if found.needs == "probabilities":
        codes = {m: (y == names[-1]).astype(np.int64) for m, y in truth.items()}
        return codes, p, {"classes": [0, 1]}
    return truth, p, options
