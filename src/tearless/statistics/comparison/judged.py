"""What each model's column says, judged by the metric: a score a row, or predictions beside the truth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tearless.core import CannotTell, InputError, listed, quoted
from tearless.statistics.comparison.metrics import METRICS, Metric, metric
from tearless.statistics.comparison.one_kind import of_one_kind, spelled
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.student_difference import only_rounding
from tearless.statistics.estimate import Estimate, Floats, student_quantile
from tearless.statistics.score_intervals import of_share

if TYPE_CHECKING:
    import polars as pl

DEFAULT = {"classes": "accuracy", "probabilities": "log-loss", "numbers": "mae"}
"""What predictions are judged by where the user names nothing: what one row can show by itself."""
LARGEST = 1e150
"""Above, the square of a score is no double any more."""
COLUMNS = {"classes": ("classes",), "probabilities": ("probabilities", "scores", "classes"), "numbers": ("numbers",)}
"""Which metrics a kind of prediction serves; probabilities give classes by the larger half."""
SHARES = ("accuracy", "balanced-accuracy", "precision", "recall")
"""Metrics that are shares of rows, said in percent; the others are said as the numbers they are."""
_LOSSES = frozenset(["mse", "mae", "rmse", "mape", "brier", "wer", "cer", "nll", "bpb", "regret", "seconds", "runtime"])
_LOSS_ENDS = ("loss", "error", "errors", "perplexity", "ppl", "entropy", "latency", "cost", "deviance", "mistakes")
SYNONYMS = {
    "roc-auc": "auc", "ap": "average-precision", "logloss": "log-loss", "nll": "log-loss", "acc": "accuracy",
    "mcc": "matthews", "macro-f1": "f1-macro", "micro-f1": "f1-micro", "cohen-kappa": "kappa", "r-squared": "r2",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Judged:
    """The models' results by one metric, rows with a hole left out.

    ``scores`` holds a number a row for each model where the metric is their mean; else ``predicted`` and ``truth`` hold
    what ``metric`` needs. ``dropped`` counts rows left out. ``binary`` says that every score is 0 or 1.

    >>> import polars as pl
    >>> table = pl.DataFrame({"truth": ["a", "b", "b", "b"], "old": ["a", "a", "b", "b"]})
    >>> found = judged(table, Plan(("old",), "classes", ("truth",)))
    >>> found.name, found.scores["old"].tolist(), found.estimate("old", 0.95).value
    ('accuracy', [1.0, 0.0, 1.0, 1.0], 0.75)
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


def known_as(name: str) -> str:
    """A metric's name as it stands among the metrics.

    >>> known_as("ROC_AUC"), known_as("f1")
    ('auc', 'f1')
    """
    plain = name.replace("_", "-").lower()
    return SYNONYMS.get(plain, plain)


def is_loss(name: str) -> bool:
    """Whether the name of a score says that less is better: by its words, not by letters within them.

    >>> is_loss("eval_logloss"), is_loss("WER"), is_loss("answer"), is_loss("neg_log_loss")
    (True, True, False, False)
    """
    words = re.split(r"[^a-z0-9]+", name.lower())
    return not {"neg", "negative"} & set(words) and any(word in _LOSSES or word.endswith(_LOSS_ENDS) for word in words)


def mean_of(x: Floats, level: float) -> Estimate:
    """A mean of ``x`` (n,) with Student's interval; of one row, or of rows all alike, without bounds.

    >>> print(mean_of(np.array([1.0, 2.0, 3.0]), 0.95))  # 2 ± 4.303 / √3
    2 (-0.4841 to 4.484)
    """
    value, n = float(x.mean()), len(x)
    error = float(x.std(ddof=1)) / n**0.5 if n > 1 else float("nan")
    if n < 2 or only_rounding(error, x):
        return Estimate(value, error, -np.inf, np.inf, level)
    reach = student_quantile(level, n - 1) * error
    return Estimate(value, error, value - reach, value + reach, level)


def judged(frame: pl.DataFrame, plan: Plan) -> Judged:
    """The results by the plan's metric.

    Raises ``InputError`` for a metric that the columns cannot give, ``CannotTell`` where no row is whole.

    >>> import polars as pl
    >>> found = judged(pl.DataFrame({"old": [1, 0, None], "new": [1, 1, 1]}), Plan(("old", "new")))
    >>> found.name, found.dropped, found.scores["new"].tolist()
    ('accuracy', 1, [1.0, 1.0])
    """
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
    lower = is_loss(name) if lower is None else lower
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
    largest = float(np.abs(x).max(initial=0.0))
    if largest > LARGEST:
        raise InputError(
            f"results: expected scores whose squares a double holds, got {largest:.3g} of {quoted(model)}; divide all "
            "scores by one number"
        )
    return x


def _of_predictions(frames: dict[str, pl.DataFrame], plan: Plan, dropped: int) -> Judged:
    asked = known_as(plan.metric or DEFAULT[plan.holds])
    found = metric(asked)
    if found.needs not in COLUMNS[plan.holds]:
        serves = ", ".join(sorted(n for n, m in METRICS.items() if m.needs in COLUMNS[plan.holds]))
        raise InputError(
            f"metric: expected one that {plan.holds} serve ({serves}), got {quoted(asked)}, which needs {found.needs}; "
            "name one of these, or the columns that it needs"
        )
    truth, predicted = _sides(frames, plan)
    names = _classes(truth, predicted) if plan.holds == "classes" else _with_other(_classes(truth, {}), plan)
    options = _options(found, names, plan)
    if found.needs == "numbers":
        truth, predicted = ({m: x.astype(np.float64) for m, x in side.items()} for side in (truth, predicted))
    if found.needs in ("probabilities", "scores", "classes") and plan.holds == "probabilities":
        truth, predicted, options = _of_two(found, truth, predicted, _with_positive(names, plan), options)
    if found.name == "accuracy":
        right = {m: (truth[m] == predicted[m]).astype(np.float64) for m in plan.models}
        return Judged("accuracy", "share", False, right, {}, {}, frames, None, True, dropped)
    unit = "share" if found.name.startswith(SHARES) else "1"
    return Judged(
        found.name, unit, not found.larger_is_better, {}, truth, predicted, frames, found, False, dropped, options
    )


def _sides(frames: dict[str, pl.DataFrame], plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """Truth and predictions of every model, labels brought to one kind. Raises ``InputError`` where they share none."""
    truths = dict(zip(plan.models, plan.truth, strict=True))
    came, said = [f[truths[m]] for m, f in frames.items()], [f[m] for m, f in frames.items()]
    if plan.holds != "classes":
        truth = of_one_kind(came) if plan.holds == "probabilities" else [column.to_numpy() for column in came]
        return dict(zip(frames, truth, strict=True)), {m: f[m].to_numpy() for m, f in frames.items()}
    both = of_one_kind([*came, *said])
    truth, predicted = both[: len(came)], both[len(came) :]
    classes = _classes(dict(enumerate(truth)), {})
    for m, column, labels in zip(frames, said, predicted, strict=True):
        seen = np.unique(labels)
        foreign = column.dtype.is_numeric() != came[0].dtype.is_numeric() or _alike_but_for_case(seen, classes)
        if foreign and not np.isin(seen, classes).any():
            known, got = (listed([spelled(x) for x in names]) for names in (classes, seen))
            raise InputError(
                f"results: expected predictions of {quoted(m)} among the classes of the truth, {known}, got {got}; "
                "write both in one way"
            )
    return dict(zip(frames, truth, strict=True)), dict(zip(frames, predicted, strict=True))


def _alike_but_for_case(seen: Any, classes: Any) -> bool:
    plain = [{str(name).strip().lower() for name in names} for names in (seen, classes)]
    return bool(plain[0] & plain[1])


def _classes(truth: dict[Any, Any], predicted: dict[Any, Any]) -> Any:
    """All classes that occur, in order."""
    return np.unique(np.concatenate([np.unique(y) for y in (*truth.values(), *predicted.values())]))


def _with_other(names: Any, plan: Plan) -> Any:
    """Where one class alone occurs, it and the other: of numbers 0 and 1, else by the positive class that was named.
    Raises ``InputError`` where the probabilities could be of either."""
    if len(names) != 1 or plan.holds != "probabilities":
        return names
    numbers, alone = names.dtype.kind in "iuf", spelled(names[0])
    if numbers and alone in ("0", "1"):
        return np.array([0, 1], dtype=names.dtype)
    if plan.positive is None:
        raise InputError(
            f"truth: expected two classes, got {quoted(alone)} alone, so that the probabilities could be of either; "
            "name their class with --positive"
        )
    if str(plan.positive) != alone:
        return np.array([names[0], str(plan.positive)], dtype=object)
    return np.append(names - 1, names) if numbers else np.array([f"not {alone}", names[0]], dtype=object)


def _with_positive(names: Any, plan: Plan) -> Any:
    """The classes with the one that counts last: the one named, else the last in order. Raises ``InputError`` for one
    that does not occur."""
    if plan.positive is None:
        return names
    wanted = {"true": "1", "false": "0"}.get(str(plan.positive).lower()) if names.dtype.kind in "iuf" else None
    fits = [i for i, name in enumerate(names) if spelled(name) in (str(plan.positive), wanted)]
    if not fits:
        known = listed([spelled(name) for name in names], most=10)
        raise InputError(f"positive: expected one of {known}, got {quoted(str(plan.positive))}; name one of them")
    return np.append(np.delete(names, fits[0]), names[fits[0]])


def _options(found: Metric, names: Any, plan: Plan) -> dict[str, Any]:
    """The positive class, where the metric asks for one: the one named, else the last of two."""
    if "positive" not in found.options:
        return {}
    if plan.positive is None and len(names) > 2:
        raise InputError(
            f"metric: {found.name} is of one class, got {len(names)} classes; name the one that counts with "
            f"--positive, or take {found.name}-macro"
        )
    return {"positive": _with_positive(names, plan)[-1]}


def _of_two(
    found: Metric, truth: dict[str, Any], p: dict[str, Any], names: Any, options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Probabilities of the last of two classes, as each kind of metric takes them."""
    if len(names) > 2 and found.needs != "scores":
        known = listed([spelled(name) for name in names])
        raise InputError(
            f"results: expected one probability of two classes, got one for the classes {known}; name the columns of "
            f"all classes after them, such as {quoted('prob_' + spelled(names[0]))}, and let each row add up to 1"
        )
    if found.needs == "classes":
        return truth, {m: np.where(x >= 0.5, names[-1], names[0]) for m, x in p.items()}, options
    if found.needs == "probabilities":
        codes = {m: (y == names[-1]).astype(np.int64) for m, y in truth.items()}
        return codes, p, {"classes": [0, 1]}
    return truth, p, options
