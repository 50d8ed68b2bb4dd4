"""The metrics by name, and the difference of any of them between two models: on the same items, or on two sets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from tearless.core import InputError, listed, quoted
from tearless.statistics import classification_scores as classes_
from tearless.statistics import probability_scores, ranking_scores, regression_scores
from tearless.statistics.comparison import loss_influence, ranking_influence, table_influence
from tearless.statistics.comparison.clusters import ClusteredDifference, clustered_influence
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.influence import Influence, paired_difference, spread_of, unpaired_difference
from tearless.statistics.estimate import Estimate
from tearless.statistics.ranking_scores import precision_contributions
from tearless.statistics.score_intervals import joined_freedom, known_part, of_bounded_mean
from tearless.statistics.table_slopes import Weights

PULLED_UP = ("average-precision", "macro")
"""The kind of ranking score whose mean over few rows of a class lies above that over many."""
Needs = Literal["classes", "scores", "probabilities", "numbers"]
Options = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: what it needs of the predictions, its range, its best side, its estimate and its influence function.

    ``low`` and ``high`` bound the value (inf for none). ``options`` names what it takes besides truth and predictions:
    ``positive``, the class that counts; ``classes``, the order of the classes or columns; ``interval``, the kind of a
    share's.

    >>> found = metric("recall").estimate(["no", "yes", "yes"], ["no", "yes", "no"], positive="yes")
    >>> found.value, metric("recall").widest
    (0.5, 1)
    """

    name: str
    needs: Needs
    larger_is_better: bool
    low: float
    high: float
    single: Callable[..., Estimate]
    influence_of: Callable[..., Influence]
    options: Options = ()

    def estimate(self, truth: Any, predicted: Any, *, level: float = 0.95, **options: Any) -> Estimate:
        """The value of one model, with its interval."""
        return self.single(truth, predicted, level=level, **self._taken(options))

    def influence(self, truth: Any, predicted: Any, **options: Any) -> Influence:
        """The value and what each item adds to it."""
        return self.influence_of(truth, predicted, **self._taken(options))

    @property
    def widest(self) -> float:
        """The largest difference that there can be."""
        return self.high - self.low

    @property
    def least(self) -> float | None:
        """Where its range begins, for those of classes and rankings, whose values come near both ends of it."""
        return self.low if self.needs in ("classes", "scores") else None

    def _taken(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {name: given for name, given in options.items() if name in self.options}


def metric(name: str) -> Metric:
    """The metric of this name. Raises ``InputError`` listing all for an unknown one.

    >>> metric("brier").needs, metric("brier").larger_is_better
    ('probabilities', False)
    """
    if name not in METRICS:
        known = listed(sorted(METRICS), most=len(METRICS))
        raise InputError(f"metric: expected one of {known}, got {quoted(str(name))}; name one of them")
    return METRICS[name]


def metric_difference(name: str, truth: Any, a: Any, b: Any, *, level: float = 0.95, **options: Any) -> Difference:
    """The metric of B less that of A on the same items, by the influence of each item on the difference.

    ``truth`` (n,), ``a`` and ``b`` the two models' predictions as the metric needs them; ``positive`` and ``classes``
    as it takes them. Test and interval are Student's t of one statistic and agree about 0 at every level; models that
    no item tells apart get exact bounds (``influence.without_spread``). First order in 1/n. Raises ``InputError`` as
    the metric's own function.

    >>> truth, a, b = [0, 0, 1, 1, 1, 0], [0, 1, 1, 0, 1, 0], [0, 0, 1, 1, 1, 1]
    >>> found = metric_difference("f1", truth, a, b)
    >>> round(found.estimate.value, 6), found.estimate.low < 0 < found.estimate.high  # 6/7 - 2/3
    (0.190476, True)
    """
    found = metric(name)
    first, second = found.influence(truth, a, **options), found.influence(truth, b, **options)
    return paired_difference(first, second, found.widest, level, name, found.least)


def clustered_metric_difference(
    name: str, truth: Any, a: Any, b: Any, clusters: Any, *, level: float = 0.95, **options: Any
) -> ClusteredDifference:
    """The same where items come in clusters (questions of one passage): by the clusters' sums, CR1 and t(G − 1).

    >>> truth, a, b = [0, 0, 1, 1, 1, 0], [0, 1, 1, 0, 1, 0], [0, 0, 1, 1, 1, 1]
    >>> clustered_metric_difference("f1", truth, a, b, [1, 1, 2, 2, 3, 3]).clustering.clusters
    3
    """
    found = metric(name)
    first, second = found.influence(truth, a, **options), found.influence(truth, b, **options)
    return clustered_influence(first, second, clusters, found.widest, level)


def unpaired_metric_difference(
    name: str, truth_a: Any, a: Any, truth_b: Any, b: Any, *, level: float = 0.95, **options: Any
) -> Difference:
    """The metric of B on its items less that of A on others, by the interval of each (``unpaired_difference``).

    Shapes as ``metric_difference``. Raises ``InputError`` where the metric has no value on the items of either.

    >>> found = unpaired_metric_difference("recall", [1] * 80, [1] * 48 + [0] * 32, [1] * 70, [1] * 56 + [0] * 14)
    >>> round(found.estimate.low, 4), round(found.estimate.high, 4)  # Newcombe 1998
    (0.0524, 0.3339)
    """
    found = metric(name)
    first = found.estimate(truth_a, a, level=level, interval="score", **options)
    second = found.estimate(truth_b, b, level=level, interval="score", **options)
    for side, value in (("a", first.value), ("b", second.value)):
        if math.isnan(value):
            raise InputError(f"{side}: expected items that give {name} a value, got none; add items of another class")
    return unpaired_difference(first, second, found.widest, name)


def _from_influence(of: Callable[..., Influence], capped: bool) -> Callable[..., Estimate]:
    """The estimate of a metric between 0 and 1: a share's interval with as many trials as its variance is worth.

    ``capped`` says that these are at most the rows: for a mean that leans to one side where a class has few.
    """

    def single(truth: Any, predicted: Any, *, level: float = 0.95, **options: Any) -> Estimate:
        found = of(truth, predicted, **options)
        n = len(found.psi)
        codes = np.zeros(n, dtype=np.intp) if found.strata is None else found.strata
        sizes = np.bincount(codes).astype(np.float64)
        joined = joined_freedom(np.bincount(codes, weights=found.psi**2), sizes)
        freedom = min(joined, spread_of(found.psi, found.strata).freedom)
        most = n if capped else math.inf
        known = known_part(freedom, n, level)
        return of_bounded_mean(found.value, found.variance, found.units, level, most, known=known)

    return single


def _tables() -> list[Metric]:
    out = [
        Metric("accuracy", "classes", True, 0, 1, classes_.accuracy, table_influence.of_accuracy, ("interval",)),
        Metric(
            "balanced-accuracy",
            "classes",
            True,
            0,
            1,
            classes_.balanced_accuracy,
            table_influence.of_mean_share(1, seen_only=True),
        ),
        Metric("matthews", "classes", True, -1, 1, classes_.matthews, table_influence.of_matthews),
        Metric("f1", "classes", True, 0, 1, classes_.f1, table_influence.of_f1, ("positive", "interval")),
        Metric("f1-macro", "classes", True, 0, 1, partial(classes_.f1, average="macro"), table_influence.of_macro_f1),
    ]
    for axis, name in enumerate(("precision", "recall")):
        score = getattr(classes_, name)
        out.append(Metric(name, "classes", True, 0, 1, score, table_influence.of_share(axis), ("positive", "interval")))
        mean = table_influence.of_mean_share(axis)
        out.append(Metric(f"{name}-macro", "classes", True, 0, 1, partial(score, average="macro"), mean))
    for name in ("precision", "recall", "f1"):
        micro = partial(getattr(classes_, name), average="micro")
        out.append(Metric(f"{name}-micro", "classes", True, 0, 1, micro, table_influence.of_accuracy, ("interval",)))
    kinds: tuple[tuple[str, Weights], ...] = (
        ("kappa", "none"),
        ("kappa-linear", "linear"),
        ("kappa-quadratic", "quadratic"),
    )
    for name, weights in kinds:
        kappa, of = partial(classes_.cohens_kappa, weights=weights), table_influence.of_kappa(weights)
        out.append(Metric(name, "classes", True, -1, 1, kappa, of, ("classes",)))
    return out


def _rankings() -> list[Metric]:
    out = []
    for name, ranked, single in (
        ("auc", ranking_influence.area, ranking_scores.roc_auc),
        ("average-precision", precision_contributions, ranking_scores.average_precision),
    ):
        out.append(Metric(name, "scores", True, 0, 1, single, ranking_influence.of_two(ranked), ("positive",)))
        for kind, of in (("macro", ranking_influence.macro(ranked)), ("micro", ranking_influence.micro(ranked))):
            out.append(
                Metric(
                    f"{name}-{kind}",
                    "scores",
                    True,
                    0,
                    1,
                    _from_influence(of, (name, kind) == PULLED_UP),
                    of,
                    ("classes",),
                )
            )
    return out


def _losses() -> list[Metric]:
    worst = -math.log(probability_scores.LEAST_PROBABILITY)
    squares, sizes = loss_influence.of_errors(np.square), loss_influence.of_errors(np.abs)
    of_classes = ("classes",)
    return [
        Metric(
            "log-loss",
            "probabilities",
            False,
            0,
            worst,
            probability_scores.log_loss,
            loss_influence.of_log_loss,
            of_classes,
        ),
        Metric("brier", "probabilities", False, 0, 2, probability_scores.brier, loss_influence.of_brier, of_classes),
        Metric("mse", "numbers", False, 0, math.inf, regression_scores.mean_squared_error, squares),
        Metric(
            "rmse", "numbers", False, 0, math.inf, regression_scores.root_mean_squared_error, loss_influence.of_root
        ),
        Metric("mae", "numbers", False, 0, math.inf, regression_scores.mean_absolute_error, sizes),
        Metric("r2", "numbers", True, -math.inf, 1, regression_scores.r_squared, loss_influence.of_r_squared),
    ]


METRICS: dict[str, Metric] = {found.name: found for found in (*_tables(), *_rankings(), *_losses())}
"""Every metric that models are compared by."""
