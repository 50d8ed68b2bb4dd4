"""Losses of PyTorch, called as layers or as functions: what meets in them, by the names of their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOSSES = {
    "L1Loss": "l1_loss",
    "NLLLoss": "nll_loss",
    "PoissonNLLLoss": "poisson_nll_loss",
    "GaussianNLLLoss": "gaussian_nll_loss",
    "KLDivLoss": "kl_div",
    "MSELoss": "mse_loss",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "HingeEmbeddingLoss": "hinge_embedding_loss",
    "MultiLabelMarginLoss": "multilabel_margin_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
    "SoftMarginLoss": "soft_margin_loss",
    "CrossEntropyLoss": "cross_entropy",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "MarginRankingLoss": "margin_ranking_loss",
    "MultiMarginLoss": "multi_margin_loss",
    "TripletMarginLoss": "triplet_margin_loss",
    "CTCLoss": "ctc_loss",
}
"""The function that each loss calls."""
_PAIRS = ("input", "target")
ROLES = {
    "gaussian_nll_loss": ("input", "target", "var"),
    "cosine_embedding_loss": ("input1", "input2", "target"),
    "margin_ranking_loss": ("input1", "input2", "target"),
    "triplet_margin_loss": ("anchor", "positive", "negative"),
    "triplet_margin_with_distance_loss": ("anchor", "positive", "negative"),
    "ctc_loss": ("log_probs", "targets", "input_lengths", "target_lengths"),
}


_WEIGHTS = {
    "cross_entropy": ("weight",),
    "nll_loss": ("weight",),
    "multi_margin_loss": ("weight",),
    "multilabel_soft_margin_loss": ("weight",),
    "binary_cross_entropy": ("weight",),
    "binary_cross_entropy_with_logits": ("weight", "pos_weight"),
}


def is_loss(function: str) -> bool:
    """Whether a function of this name is a loss.

    >>> is_loss("cross_entropy"), is_loss("linear")
    (True, False)
    """
    return function in ROLES or function in LOSSES.values()


def asked_by_loss(function: str, given: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, Any], ...], dict[str, Any]]:
    """The rule, what meets in it, and the settings, from the arguments by name.

    >>> asked_by_loss("mse_loss", {"input": 1, "target": 2})
    ('loss', (('input', 1), ('target', 2)), {'name': 'mse_loss'})
    """
    roles = (*ROLES.get(function, _PAIRS), *_WEIGHTS.get(function, ()))
    settings = {"name": function}
    settings |= {name: given[name] for name in ("reduction", "ignore_index") if given.get(name) is not None}
    return "loss", tuple((role, given.get(role)) for role in roles), settings
