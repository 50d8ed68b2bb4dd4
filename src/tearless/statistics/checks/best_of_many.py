"""This winner was picked among many on the same items, so that its score is partly the luck of being picked.

## What it measures
Three models or more on shared items: how far choosing the highest score lifts it above what that model is worth, over
its lead on the model that the others are compared with; and which models cannot be told from it.

## Why it matters
Of twenty equally good models on 200 items the best seems five points better than it is. Prompts, checkpoints and
settings are picked so every day, and the gain reported is gone on the next test set.

## The mathematics
The highest of k estimates is too high on average: E max(ε₁ … ε_k) above the truth where all are equal. The errors are
drawn with the models' own correlation (random signs on each item's row); the lift of the model chosen is then averaged
over draws around the likely truth, which are apart as far as these scores are beyond noise. Models that cannot be told
from the best form the model confidence set: the worst is dropped while the largest distance below the mean of those
left is more than chance.

## When it is wrong
Only the models in this table are known: those tried and not shown lift the winner as well. A model that was the
favourite beforehand is not picked by luck, and its score needs no correction.

## What to do
Report the corrected score, or test the winner once more on items that no choice has seen. Among models that could as
well be the best take the cheapest.

## References
P. R. Hansen, A. Lunde, J. M. Nason, *The model confidence set*, Econometrica 79 (2011), 453-497. G. C. Cawley, N. L. C.
Talbot, *On over-fitting in model selection and subsequent selection bias in performance evaluation*, Journal of Machine
Learning Research 11 (2010), 2079-2107.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tearless.core import (
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    fooled,
    healthy,
    listed,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.core.number import shown
from tearless.statistics.comparison.best_of_many import BestOfMany
from tearless.statistics.comparison.facts import Comparison
from tearless.statistics.comparison.pictures import winner
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.words import counted, gap, title

MEND = Mend.source
picture = winner
SAME_UNDER = (rows_shuffled,)

PICKED = Limit(
    of="picked",
    at=1,
    unit="1",
    kind="derived",
    because="The baseline that the user named before looking was not picked by these scores, whether it wins or not.",
)
NOT_ALONE = Limit(
    of="as_good",
    at=2,
    unit="models",
    kind="derived",
    because="The confidence set holds the best model with the level asked for. One model in it is the best beyond "
    "chance, however many there were.",
)
MOSTLY_LUCK = Limit(
    of="luck",
    at=1 / 3,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A third of the lead is then expected to be gone on fresh items. It shrinks with the square root of the "
    "items while a true lead stays. No theorem singles out the number.",
)

HEADLINE = "{best} is the best of {models} models picked on the same items: its {metric} of {seen_said} is partly luck"
EVIDENCE = "{luck_said}; could as well be the best: {others}"
WHY = "picked again on fresh items, about {luck} of the lead is expected to be gone"
DO = (
    "report {corrected_said} for {best}, or test it against {rival} once on items that no choice has seen; "
    "or take the cheapest of those that could as well be the best"
)


def measure(found: Comparison) -> Iterator[Measured]:
    best = found.best
    if best is None:
        raise NotApplicable("there are not three models with a score for each shared item")
    sign = -1.0 if found.lower_is_better else 1.0
    names = found.plan.models
    lead, over = _lead(found, best, sign)
    bias = best.bias
    yield Measured(
        (names[best.best],),
        {
            "picked": Number(
                names[best.best] != found.plan.baseline, "1", "0 where the best is the baseline named, else 1"
            ),
            "models": Number(len(names), "models", "compared on the same items"),
            "as_good": Number(len(best.as_good), "models", "that cannot be told from the best, itself among them"),
            "luck": Number(min(1.0, bias / lead) if lead > 0 else 0.0, "share", "part of the lead that picking gave"),
            "bias": Number(bias, found.unit, "lift of the winner's score by being picked, on average"),
            "lead": Number(lead, found.unit, f"lead of the winner over {over}"),
            "seen": Number(sign * best.seen, found.unit, f"{found.metric} of the winner"),
            "corrected": Number(sign * best.corrected, found.unit, "the same without the luck of being picked"),
            "optimism": Number(best.optimism, found.unit, "lift of the best if all were equally good"),
        },
        words={
            "best": quoted(names[best.best]),
            "models": f"{len(names):,}",
            "metric": title(found.metric),
            "seen_said": shown(sign * best.seen, found.unit),
            "luck_said": _luck(lead, bias, over, found.unit),
            "rival": _rival(found, best, sign),
            "corrected_said": shown(sign * best.corrected, found.unit),
            "others": listed([names[i] for i in best.as_good if i != best.best], most=4) or "none",
        },
    )


def _lead(found: Comparison, best: BestOfMany, sign: float) -> tuple[float, str]:
    """The winner's lead on the model that all are compared with; where that is the winner, on the mean of the rest."""
    names = found.plan.models
    values = [sign * e.value for e in found.estimates]
    at = names.index(found.plan.reference)
    if at != best.best:
        return values[best.best] - values[at], quoted(names[at])
    rest = [x for i, x in enumerate(values) if i != best.best]
    return values[best.best] - sum(rest) / len(rest), f"the mean of the other {counted(len(rest), 'model')}"


def _luck(lead: float, bias: float, over: str, unit: str) -> str:
    """Picking beside the lead: a part of it, or as much and more, so that all of it may be luck."""
    if bias < lead:
        return f"its lead over {over} is {gap(lead, unit)}, and picking alone brings {gap(bias, unit)} on average"
    return (
        f"picking alone would bring {gap(bias, unit)} on average, and its lead over {over} is {gap(lead, unit)}: no "
        "more than luck"
    )


def _rival(found: Comparison, best: BestOfMany, sign: float) -> str:
    """Whom the winner is to be tested against: the reference, or where that is the winner the next best."""
    names = found.plan.models
    if names[best.best] != found.plan.reference:
        return quoted(found.plan.reference)
    rest = [i for i in range(len(names)) if i != best.best]
    return quoted(names[max(rest, key=lambda i: sign * found.estimates[i].value)])


def _table(rng: np.random.Generator, rows: int, shares: list[float]) -> Example:
    """Models that find the same items hard; exactly these shares of items right, so that no seed has luck."""
    hard = rng.permutation(rows)
    columns = {}
    for i, share in enumerate(shares):
        order = np.argsort(hard + rng.normal(size=rows) * rows / 10, kind="stable")
        right = np.zeros(rows, dtype=int)
        right[order[: round(rows * share)]] = 1
        columns[f"prompt {i}"] = right
    return Example(columns, options={"plan": Plan(tuple(columns))})


@healthy
def two_models(rng: np.random.Generator) -> Example:
    return _table(rng, 200, [0.7, 0.75])


@healthy
def one_far_ahead(rng: np.random.Generator) -> Example:
    return _table(rng, 500, [0.7, 0.71, 0.69, 0.7, 0.85])


@healthy
def the_named_baseline_wins(rng: np.random.Generator) -> Example:
    example = _table(rng, 150, [0.74, 0.72, 0.71, 0.7, 0.73])
    return replace(example, options={"plan": replace(example.options["plan"], baseline="prompt 0")})


@healthy
def two_ahead_on_many_items(rng: np.random.Generator) -> Example:
    return _table(rng, 4000, [0.7, 0.8, 0.8, 0.71])


@sick
def twelve_prompts_alike(rng: np.random.Generator) -> Example:
    return _table(rng, 100, [0.7, *np.linspace(0.66, 0.74, 11)])


@sick
def the_first_by_a_nose(rng: np.random.Generator) -> Example:
    return _table(rng, 150, [0.74, 0.72, 0.71, 0.7, 0.73])


@fooled("fires", "the best was the favourite beforehand and is better: it was not picked by these scores")
def a_favourite_among_others(rng: np.random.Generator) -> Example:
    return _table(rng, 100, [0.7, 0.74, 0.7, 0.68, 0.7, 0.69])


@fooled("silent", "twenty prompts were tried, and only the two that are shown can be looked at")
def the_others_were_not_kept(rng: np.random.Generator) -> Example:
    return _table(rng, 100, [0.66, 0.75])
