"""Published figures of probability, computed again."""

from __future__ import annotations

import numpy as np

from tearless.algorithms.attention import scaled_dot_product_attention
from tearless.calculus.exponentials import sigmoid, softmax
from tearless.probability import bayes, entropy
from tearless.probability.distributions import Normal

from .row import Row, figures

LOGITS = np.array([2.0, 1.0, 0.1])


def rows() -> list[Row]:
    return [
        _bayes(),
        _tails(),
        _softmax(1.0, "softmax", ("0.659", "0.242", "0.099"), ""),
        _softmax(0.5, "temperature 0.5", ("0.867", "0.118", "0.016"), _TEMPERATURE),
        _softmax(2.0, "temperature 2", ("0.506", "0.302", "0.193"), _TEMPERATURE),
        _softmax(5.0, "temperature 5", ("0.399", "0.337", "0.264"), _TEMPERATURE),
        _cross_entropy(),
        _sigmoid(),
        _attention(),
    ]


_TEMPERATURE = "dividing the logits by the temperature and taking the softmax gives other third digits than printed"


def _bayes() -> Row:
    computed = {"P(spam | word)": float(bayes.posterior([0.2, 0.8], [0.8, 0.05])[0])}
    return Row(
        "Bayes, spam given a word",
        "P(spam) 0.2, P(word | spam) 0.8, P(word | ham) 0.05",
        figures({"P(spam | word)": "0.800"}, computed),
        "",
    )


def _tails() -> Row:
    iq = Normal(100.0, 15.0)
    computed = {"P(85 < X < 115)": float(iq.between(85.0, 115.0)), "P(X > 130)": float(iq.above(130.0))}
    return Row(
        "normal tail areas", "N(100, 15)", figures(dict(zip(computed, ("0.683", "0.0228"), strict=True)), computed), ""
    )


def _softmax(temperature: float, topic: str, printed: tuple[str, ...], why: str) -> Row:
    shares = softmax(LOGITS / temperature)
    computed = {f"logit {logit:g}": float(p) for logit, p in zip(LOGITS, shares, strict=True)}
    row = Row(topic, "logits 2, 1, 0.1", figures(dict(zip(computed, printed, strict=True)), computed), why)
    return Row(row.topic, row.inputs, row.figures, "" if row.agrees else why)


def _cross_entropy() -> Row:
    predictions = ([0.9, 0.05, 0.05], [0.1, 0.6, 0.3], [0.4, 0.3, 0.3])
    computed = {f"−ln {p[0]:g}": float(entropy.cross_entropy([1.0, 0.0, 0.0], p)) for p in predictions}
    return Row(
        "cross-entropy",
        "truth class 0; three predictions",
        figures(dict(zip(computed, ("0.105", "2.303", "0.916"), strict=True)), computed),
        "",
    )


def _sigmoid() -> Row:
    z = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    computed = {f"σ({v:g})": float(p) for v, p in zip(z, sigmoid(z), strict=True)}
    printed = ("0.119", "0.269", "0.5", "0.731", "0.881")
    return Row("sigmoid", "−2 ... 2", figures(dict(zip(computed, printed, strict=True)), computed), "")


def _attention() -> Row:
    rng = np.random.RandomState(42)
    q, k, v = (rng.randn(4, 8) for _ in range(3))
    weights = scaled_dot_product_attention(q, k, v).weights[0]
    computed = {f"weight {i + 1}": float(w) for i, w in enumerate(weights)}
    return Row(
        "attention weights",
        "RandomState(42): Q, K, V normal (4, 8); first row of softmax(QKᵀ/√8)",
        figures(dict(zip(computed, ("0.151", "0.455", "0.149", "0.245"), strict=True)), computed),
        "these inputs put most weight on the third key, not on the second",
    )
