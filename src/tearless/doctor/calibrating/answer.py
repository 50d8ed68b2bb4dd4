"""The answer of ``calibrate``: what is predicted decides which."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tearless.core import InputError, NotApplicable, Number, quoted
from tearless.core.number import shown
from tearless.probability.calibration.calibration_error import CalibrationError, calibration_error
from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import LEAST, Floats, Indices
from tearless.probability.predictions import RIGHT, WRONG, Classes, Predictions
from tearless.report.answer import Answer, Cell, Table

from . import further, words
from .judged import MASS_BINS, MOST_ROWS, drawn, judged, numbers
from .mended import Mendings, fit_chosen, mendings, table
from .pictures import pictures
from .quantities import of_quantities
from .wishes import Wishes, chance

MOST_CLASSES = 100
SHOWN_CLASSES = 12
Keep = Callable[[Calibrator, str, Classes, Mendings], None]


def answer(found: Predictions, other: Predictions | None, wishes: Wishes, keep: Keep | None = None) -> Answer:
    """Judge the predictions; ``keep`` is given the calibrator that is to be kept."""
    try:
        spreads = found.spreads
    except NotApplicable:
        return _of_classes(found.classes, other, wishes, keep)
    if keep is not None:
        raise InputError("--save: expected probabilities of classes, got a predicted quantity; leave --save out")
    return of_quantities(spreads, wishes)


def _of_classes(found: Classes, other: Predictions | None, wishes: Wishes, keep: Keep | None) -> Answer:
    many = len(found.names) > 2
    right, confidence = further.answers(found)
    y, p = (right, confidence) if many else (found.y.astype(np.float64), found.p[:, 1])
    j = judged(y, p, wishes)
    mended = mendings(found.y, found.p if many else p, wishes)
    if keep is not None:
        chosen, method = fit_chosen(found.y, found.p if many else p, mended, wishes)
        keep(chosen, method, found, mended)
    says = f"{'the likeliest class' if many else quoted(found.names[1])} is given"
    title = "Reliability of the likeliest class" if many else f"Reliability of {quoted(found.names[1])}"
    scores, whole = _whole(found) if many else ({}, "")
    lines = words.said(j, mended, whole)
    found_numbers = {**numbers(j), **scores, **_mending_numbers(mended), **_accuracy(right, confidence)}
    tables = [words.reliability_table(j, title)]
    if many:
        by_class, class_numbers = _classes_table(found, wishes)
        tables.append(by_class)
        found_numbers |= class_numbers
        lines.insert(0, ("accuracy", _right(right, confidence)))
    tables += [table(mended)] if mended.tried else []
    parts = [
        further.mistakes(right, confidence, wishes),
        further.flag(found, wishes),
        further.sets(found, wishes),
        *([further.new_rows(found, other, wishes)] if other is not None else []),
    ]
    for more, of_them in parts:
        lines += more
        found_numbers |= of_them
    if not many and _backwards(y, p):
        lines.insert(0, ("backwards", _turned(*(quoted(name) for name in found.names))))
    return Answer(
        words.verdict(j, mended, says, many or found.names == (WRONG, RIGHT)),
        tuple(lines),
        found_numbers,
        tuple(tables),
        pictures(j, title),
    )


def _whole(found: Classes) -> tuple[dict[str, Number], str]:
    """Log loss and Brier score over all classes."""
    given = found.p[np.arange(len(found.y)), found.y]
    log = float(-np.log(np.maximum(given, LEAST)).mean())
    brier = float(((found.p**2).sum(axis=1) - 2 * given + 1).mean())
    numbers = {
        "log_loss": Number(log, "nats", "mean −ln of the probability of the class that came"),
        "brier": Number(brier, "1", "Brier score: squared error summed over the classes"),
    }
    return numbers, f"over all classes log loss {shown(log)} and Brier {shown(brier)}; of the likeliest class "


def _right(right: Floats, confidence: Floats) -> str:
    return (
        f"{shown(float(right.mean()), 'share')} right, {shown(float(confidence.mean()), 'share')} said on average; "
        "what follows is of the likeliest class"
    )


def _turned(negative: str, positive: str) -> str:
    return (
        f"rows that are {negative} are given more than those that are {positive}: perhaps these are probabilities of "
        f"{negative} (--positive)"
    )


def _backwards(y: Floats, p: Floats) -> bool:
    """Whether the forecasts point the other way, by more than three standard errors."""
    up, down = p[y == 1], p[y == 0]
    if len(up) < 2 or len(down) < 2:
        return False
    error = float(np.sqrt(up.var() / len(up) + down.var() / len(down)))
    return float(down.mean() - up.mean()) > 3 * error + 1e-12


def _mending_numbers(mended: Mendings) -> dict[str, Number]:
    found = {}
    for m in mended.tried:
        ends = (m.gain.low, m.gain.high)
        found[f"gain_of_{m.method}"] = Number(
            m.gain.value, "nats", "fall of the log loss on rows not used to fit", ends, m.gain.level
        )
        brier = m.fitted.brier_gain(m.gain.level)
        found[f"brier_gain_of_{m.method}"] = Number(
            brier.value, "1", "fall of the Brier score on rows not used to fit", (brier.low, brier.high), brier.level
        )
    for m in mended.tried:
        if m.method == "temperature":
            t = getattr(m.fitted.calibrator, "temperature", None)
            found["temperature"] = Number(t, "1", "what the log-odds are to be divided by: above 1 over-confident")
    return found


def _accuracy(right: Floats, confidence: Floats) -> dict[str, Number]:
    return {
        "accuracy": Number(float(right.mean()), "share", "rows whose likeliest class came"),
        "confidence": Number(float(confidence.mean()), "share", "mean probability of the likeliest class"),
    }


def _classes_table(found: Classes, wishes: Wishes) -> tuple[Table, dict[str, Number]]:
    """Each class against the rest, the worst first."""
    some = drawn(len(found.y), max(1_000, MOST_ROWS // len(found.names)), wishes.seed)
    y, p = found.y[some], found.p[some]
    most = np.argsort(-p.mean(axis=0), kind="stable")[:MOST_CLASSES]
    each = {int(k): _of_class(y, p, int(k), wishes) for k in most}
    order = sorted(each, key=lambda k: -each[k].value / max(each[k].usual_to, LEAST))
    rows: list[tuple[Cell, ...]] = [
        (
            quoted(found.names[k]),
            Number(float((y == k).mean()), "share", "share that came"),
            Number(float(p[:, k].mean()), "share", "mean probability"),
            Number(each[k].value, "1", "ECE of this class against the rest"),
            Number(each[k].usual_to, "1", "what honest probabilities rarely exceed"),
            chance(each[k].p),
        )
        for k in order
    ]
    mean = float(np.mean([e.value for e in each.values()]))
    honest = float(np.mean([e.if_calibrated for e in each.values()]))
    found_numbers = {
        "classwise_ece": Number(mean, "1", "mean over classes of each class's ECE against the rest"),
        "classwise_ece_if_calibrated": Number(honest, "1", "the same, on average, of honest probabilities"),
    }
    heads = ("class", "came", "said", "ECE", "honest to", "")
    some_of = f" (the {MOST_CLASSES} most expected)" if len(found.names) > MOST_CLASSES else ""
    title = f"Each class against the rest{some_of}: ECE {shown(mean)} on average, {shown(honest)} if honest"
    return Table(title, heads, tuple(rows), max(0, len(rows) - SHOWN_CLASSES)), found_numbers


def _of_class(
    y: Indices,
    p: Floats,
    k: int,
    wishes: Wishes,
) -> CalibrationError:
    return calibration_error(y == k, p[:, k], bins=MASS_BINS, by="mass", level=wishes.level)
