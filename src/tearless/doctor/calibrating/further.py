"""Further questions: mistakes to expect, another base rate, new rows without truth, sets that hold the truth."""

from __future__ import annotations

import math

import numpy as np

from tearless.core import InputError, Number, quoted
from tearless.core.number import shown
from tearless.probability.calibration.calibration_error import top_label
from tearless.probability.calibration.conformal import class_sets, class_threshold, reachable
from tearless.probability.calibration.expected_mistakes import from_data, if_honest, near
from tearless.probability.calibration.forecasts import Floats, Interval
from tearless.probability.calibration.prevalence import adjusted, meaning_of_a_flag, new_prevalence, new_shares
from tearless.probability.predictions import Classes, Predictions

from .wishes import Wishes, of_interval, told

Told = tuple[list[tuple[str, str]], dict[str, Number]]
MOST_NAMED = 4


def mistakes(right: Floats, confidence: Floats, wishes: Wishes) -> Told:
    """Of so many answers of this confidence, how many to expect wrong; of all, where none is named."""
    if wishes.among is None and wishes.at is None:
        return [], {}
    cases = wishes.among or 10_000
    at = wishes.at
    if at is None:
        at = float(confidence.mean())
        data = from_data(right, confidence, at, cases, rows=len(right), level=wishes.level)
        about = near(right, confidence, at, rows=len(right), level=wishes.level)
        whose = f"answers like these {len(right):,}, which say {shown(at, 'share')} on average"
    else:
        data = from_data(right, confidence, at, cases, level=wishes.level)
        about = near(right, confidence, at, level=wishes.level)
        whose = f"answers given {shown(at, 'share')}"
    honest = if_honest(np.full(cases, at), level=wishes.level)
    judged = (
        f"judged on the {about.count:,} rows from {100 * about.left:.3g} to {100 * about.right:.3g} %, of which "
        f"{told(about.came, 'share')} were right"
    )
    sentence = (
        f"of {cases:,} {whose}, expect {shown(round(data.expected))} wrong ({data.low:,} to {data.high:,}); honest "
        f"probabilities promise {shown(round(honest.expected))} ({honest.low:,} to {honest.high:,}); {judged}"
    )
    far = not about.left <= at <= about.right
    sentence += "; no row lies there, so this is a guess from the nearest" if far else ""
    ends = (float(data.low), float(data.high))
    numbers = {
        "mistakes": Number(data.expected, "cases", f"wrong among {cases:,}, from these rows", ends, wishes.level),
        "mistakes_if_honest": Number(
            honest.expected,
            "cases",
            f"wrong among {cases:,}, as said",
            (float(honest.low), float(honest.high)),
            wishes.level,
        ),
    }
    return [("mistakes", sentence)], numbers


def flag(found: Classes, wishes: Wishes) -> Told:
    """What a flag means at another prevalence, and what the probabilities become."""
    if wishes.prevalence is None:
        return [], {}
    if len(found.names) != 2:
        raise InputError(f"--prevalence: expected two classes, got {len(found.names)}; leave it out, or give --new")
    y, p, positive = found.y.astype(np.float64), found.p[:, 1], quoted(found.names[1])
    share = float(y.mean())
    if not 0 < share < 1:
        raise InputError(
            f"--prevalence: expected rows of both classes, got one alone, {positive} in {shown(share, 'share')}"
        )
    meant = meaning_of_a_flag(y, p, wishes.cut_off, wishes.prevalence, level=wishes.level)
    even = float(adjusted([0.5], share, wishes.prevalence)[0])
    lines = [
        (
            "flag",
            f"p of {shown(wishes.cut_off)} and more, where {shown(wishes.prevalence, 'share')} are {positive} "
            f"({shown(share, 'share')} here): {_meaning(meant.if_positive, meant.if_negative, wishes.cut_off)}",
        ),
        (
            "",
            f"flags {told(meant.sensitivity, 'share')} of {positive}, passes {told(meant.specificity, 'share')} of the "
            "others",
        ),
        (
            "base rate",
            f"there a probability of 50 % becomes {shown(even, 'share')}: multiply the odds by {shown(_odds(even))}",
        ),
    ]
    numbers = {
        "if_flagged": _of_answer(meant.if_positive, "share of the flagged that are positive there"),
        "if_passed": _of_answer(meant.if_negative, "share of the others that are positive there"),
        "sensitivity": of_interval(meant.sensitivity, "share", "share of the positive that is flagged"),
        "specificity": of_interval(meant.specificity, "share", "share of the negative that is passed"),
        "even_odds_become": Number(even, "share", "what a probability of 1/2 becomes at that prevalence"),
    }
    return lines, numbers


def _meaning(flagged: Interval | None, passed: Interval | None, cut_off: float) -> str:
    """What a flag means, and what none does; a cut-off that puts all rows on one side says nothing of the other."""
    if flagged is None:
        return f"no row reached {shown(cut_off)}, so that these rows do not say what a flag means; take a lower cut-off"
    if passed is None:
        return f"every row reached {shown(cut_off)}, so that a flag tells nothing; take a higher cut-off"
    return f"{told(flagged, 'share')} of the flagged are; {told(passed, 'share')} of the others"


def _of_answer(found: Interval | None, meaning: str) -> Number:
    return (
        Number(None, "share", f"{meaning}: there were none") if found is None else of_interval(found, "share", meaning)
    )


def _odds(p: float) -> float:
    return p / (1 - p)


def new_rows(found: Classes, other: Predictions, wishes: Wishes) -> Told:
    """The shares of the classes in other rows, whose truth is not needed."""
    new = other.said
    p = _in_order(new.p, new.names, found.names)
    old = np.bincount(found.y, minlength=len(found.names)) / len(found.y)
    if old.min() <= 0:
        raise InputError("--new: expected rows of every class beside the truth, got none of one; its share is unknown")
    if len(found.names) == 2:
        second = new_prevalence(p[:, 1], float(old[1]), level=wishes.level)
        shares = [Interval(1 - second.value, 1 - second.high, 1 - second.low, second.level), second]
    else:
        shares = list(new_shares(p, old, level=wishes.level))
    far = sorted(range(len(old)), key=lambda k: -abs(math.log((shares[k].value + 1e-9) / (old[k] + 1e-9))))
    shown_first = [1] if len(old) == 2 else far[:MOST_NAMED]
    words = "; ".join(
        f"{quoted(found.names[k])} {told(shares[k], 'share')}, {shown(float(old[k]), 'share')} here"
        for k in shown_first
    )
    sentence = f"shares in the {len(p):,} new rows, if these probabilities are honest: {words}"
    if len(old) == 2:
        even = float(adjusted([0.5], float(old[1]), min(1.0, max(0.0, shares[1].value)))[0])
        sentence += f"; there a probability of 50 % becomes {shown(even, 'share')}"
    numbers = {
        f"new_share_of_{name}": of_interval(s, "share", "estimated share in the new rows")
        for name, s in zip(found.names, shares, strict=True)
    }
    return [("new rows", sentence)], numbers


def _in_order(p: Floats, names: tuple[str, ...], wanted: tuple[str, ...]) -> Floats:
    if set(names) != set(wanted):
        raise InputError("--new: expected probabilities of the same classes, got others; name the columns alike")
    return p[:, [names.index(name) for name in wanted]]


def sets(found: Classes, wishes: Wishes) -> Told:
    """Split-conformal sets of classes."""
    if wishes.coverage is None:
        return [], {}
    cut = class_threshold(found.y, found.p, wishes.coverage)
    kept = class_sets(found.p, cut).sum(axis=1)
    low, high = cut.coverage_range(wishes.level)
    size = float(kept.mean())
    sentence = (
        f"keep every class of at least {shown(1 - cut.value)}: sets of {shown(size)} classes on average "
        f"({shown(float((kept == 1).mean()), 'share')} hold one, {shown(float((kept == 0).mean()), 'share')} none), "
        f"which hold the truth of new rows in {shown(cut.promised, 'share')}, with this very threshold "
        f"{shown(low, 'share')} to {shown(high, 'share')}; {cut.rows:,} rows can promise at most "
        f"{shown(reachable(cut.rows), 'share')}"
    )
    numbers = {
        "set_threshold": Number(1 - cut.value, "share", "least probability of a class that is kept"),
        "set_size": Number(size, "classes", "classes kept on average"),
        "set_coverage": Number(cut.promised, "share", "share of sets that hold the truth", (low, high), wishes.level),
        "set_coverage_reachable": Number(reachable(cut.rows), "share", "the most that so many rows can promise"),
    }
    return [("sets", sentence)], numbers


def answers(found: Classes) -> tuple[Floats, Floats]:
    """Whether the likeliest class came and the probability it was given: both (n,)."""
    return top_label(found.y, found.p)
