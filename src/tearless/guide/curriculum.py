"""The order of the lessons, the symptoms that lead to them, and which of them are there."""

from __future__ import annotations

from collections.abc import Mapping

from tearless.core.catalogue import LessonEntry, lessons

ORDER = (
    "gradient-descent",
    "normalisation",
    "pca",
    "similarity",
    "projection-and-rank",
    "shapes-and-the-layer",
    "norms-and-regularisation",
    "derivatives",
    "momentum-and-schedules",
    "vanishing-and-exploding",
    "bayes",
    "distributions",
    "softmax-and-temperature",
    "cross-entropy",
    "calibration",
    "naive-bayes",
    "description",
    "sample-and-bootstrap",
    "hypothesis-tests",
    "confidence-intervals",
    "correlation",
    "bias-and-variance",
    "linear-regression",
    "logistic-regression",
    "trees",
    "neural-network",
    "attention",
)
"""What to learn after what. A lesson that is not named here stands at the end."""

LEAST = (
    ("description", "what a column holds, before anything is fitted to it"),
    ("normalisation", "why `StandardScaler` stands in front of nearly everything"),
    ("bias-and-variance", "why the score on the training rows is no score"),
    ("confidence-intervals", "how far a score may be believed"),
)
NETWORKS = (
    ("gradient-descent", "what the learning rate may be, and why"),
    ("derivatives", "what `backward` does"),
    ("cross-entropy", "what the loss counts, and where its floor is"),
    ("vanishing-and-exploding", "what happens to a gradient on its way"),
    ("attention", "what a Transformer adds up"),
)
"""Where to begin: lessons, and why."""

SYMPTOMS: Mapping[str, tuple[str, ...]] = {
    "The loss is nan or infinite": ("vanishing-and-exploding", "softmax-and-temperature", "gradient-descent"),
    "The loss does not move": ("gradient-descent", "vanishing-and-exploding", "derivatives"),
    "The loss swings or explodes": ("gradient-descent", "momentum-and-schedules", "normalisation"),
    "Good in training, bad on new data": ("bias-and-variance", "norms-and-regularisation", "sample-and-bootstrap"),
    "Too good on new data": ("bias-and-variance", "sample-and-bootstrap", "correlation"),
    "The accuracy is the share of the commonest class": ("bayes", "cross-entropy", "confidence-intervals"),
    "Shapes do not multiply": ("shapes-and-the-layer",),
    "The probabilities are too sure": ("calibration", "softmax-and-temperature", "cross-entropy"),
    "Two models look tied, or one wins by a little": ("hypothesis-tests", "confidence-intervals"),
    "The coefficients make no sense": (
        "correlation",
        "linear-regression",
        "projection-and-rank",
        "norms-and-regularisation",
    ),
    "A generated text repeats or rambles": ("softmax-and-temperature", "attention"),
}
"""What a reader sees, and the lessons about it, the likeliest first."""


def in_order() -> list[LessonEntry]:
    """Every lesson there is, in the order in which to learn them."""
    place = {name: i for i, name in enumerate(ORDER)}
    return sorted(lessons(), key=lambda entry: (place.get(entry.name, len(place)), entry.name))
