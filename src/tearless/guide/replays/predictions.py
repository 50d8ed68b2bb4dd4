"""Two sets of predictions: a gain that was luck, and a filter that was too sure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import Number
from tearless.doctor.calibrate import calibration
from tearless.doctor.compare import compare

from .replay import Incident, Run

Floats = NDArray[np.float64]
STORIES = (
    Incident(
        name="two-percent-that-were-noise",
        title="The gain that was noise",
        story="A new model is right in {new}, the old one in {old}, on the same {rows} questions: it ships. The "
        "interval of the difference is {interval}.",
        mend="The question is asked of more items: {mended_rows} of the same kind, answered by both models.",
        moral="With {mended_rows} questions the difference is {mended_difference}, {mended_interval}: there is a gain, "
        "and it is smaller. The first test set could have shown {detectable} in four of five tries, no less.",
        check="difference-is-noise",
        lesson="hypothesis-tests",
        broken=lambda: _models(240),
        mended=lambda: _models(12_000),
    ),
    Incident(
        name="the-confident-spam-filter",
        title="The spam filter that was sure of everything",
        story="A naive Bayes filter calls {sure} of its mails spam or not with a probability above {level}. Of these "
        "{wrong} are wrong: its words come in phrases, and it counts each of them as evidence of its own.",
        mend="Its log-odds are divided by {temperature}, a number found on mails that it was not fitted to.",
        moral="The log loss falls from {log_loss} to {mended_log_loss}, and no answer changes sides.",
        check="overconfident",
        lesson="calibration",
        broken=lambda: _filter(mended=False),
        mended=lambda: _filter(mended=True),
    ),
)
LEVEL = 0.99
OFTEN = 0.65
"""How often a phrase of spam stands in spam, and how often it is missing elsewhere."""
SEED = 10
PHRASE = 5
"""Words that always come together, and are counted as if they were independent."""


def _models(rows: int) -> Run:
    rng = np.random.default_rng(SEED)
    easy = rng.beta(2.2, 0.7, rows)
    old = (rng.random(rows) < easy).astype(int)
    again = (rng.random(rows) < np.clip(easy + 0.03, 0, 1)).astype(int)
    new = np.where(rng.random(rows) < 0.6, old, again)
    report = compare({"old": old, "new": new})
    difference, detectable = report["difference"], report["detectable"]
    low, high = difference.interval or (float("nan"), float("nan"))
    ends = f"{Number(low, 'share', '')} to {Number(high, 'share', '')}"
    numbers = {
        "rows": Number(rows, "rows", "questions that both answered"),
        "old": Number(float(old.mean()), "share", "the old model is right"),
        "new": Number(float(new.mean()), "share", "the new model is right"),
        "difference": difference,
        "detectable": detectable,
    }
    return Run(report, numbers, report.answer.pictures[:1] if report.answer else (), {"interval": ends})


def _filter(mended: bool) -> Run:
    rng = np.random.default_rng(9)
    n = 1_500
    spam = rng.random(n) < 0.5
    phrases = rng.random((n, 4)) < np.where(spam[:, None], OFTEN, 1 - OFTEN)
    evidence: Floats = np.where(phrases, 1.0, -1.0) * np.log(OFTEN / (1 - OFTEN))
    odds = PHRASE * evidence.sum(axis=1)
    temperature = _temperature(spam, odds) if mended else 1.0
    given = 1 / (1 + np.exp(-odds / temperature))
    report: Any = calibration({"spam": np.where(spam, "yes", "no"), "probability": given}, truth="spam", positive="yes")
    sure = np.maximum(given, 1 - given) > LEVEL
    wrong = float(np.mean((given > 0.5)[sure] != spam[sure])) if sure.any() else 0.0
    numbers = {
        "sure": Number(float(sure.mean()), "share", "of the mails, called with more than the level"),
        "level": Number(LEVEL, "share", "the level"),
        "wrong": Number(wrong, "share", "of these, wrong"),
        "temperature": Number(_temperature(spam, odds), "1", "what the log-odds are divided by"),
        "log_loss": report["log_loss"],
    }
    return Run(report, numbers, report.answer.pictures[:1] if report.answer else ())


def _temperature(spam: NDArray[np.bool_], odds: Floats) -> float:
    """The temperature of least log loss, by golden section on its logarithm."""
    sign = np.where(spam, 1.0, -1.0)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0, -sign * odds / np.exp(log_temperature)).mean())

    low, high, ratio = -3.0, 5.0, (5**0.5 - 1) / 2
    for _ in range(60):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return float(np.exp((low + high) / 2))
