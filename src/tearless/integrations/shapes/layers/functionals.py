"""What the functions of ``torch.nn.functional`` ask of their arguments: the rule, the arrays and the settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tearless.integrations.shapes.operations.losses import asked_by_loss, is_loss
from tearless.integrations.shapes.operations.modules import Asked, is_present

Given: TypeAlias = Mapping[str, Any]
Asks: TypeAlias = Callable[[Given, int], Asked]


def asked_by(function: str, given: Given) -> Asked | None:
    """What a function of this name asks of its arguments, by name; ``None`` for one without a rule.

    >>> import numpy as np
    >>> asked = asked_by("pixel_shuffle", {"input": np.ones((1, 4, 3, 3)), "upscale_factor": 2})
    >>> asked.rule, [role for role, _ in asked.takes], asked.settings
    ('pixel_shuffle', ['input'], {'factor': 2})
    """
    if is_loss(function):
        rule, takes, settings = asked_by_loss(function, given)
        return Asked(rule, tuple(pair for pair in takes if is_present(pair[1])), settings)
    for pattern, asks in _ASKS:
        if re.fullmatch(pattern, function):
            asked = asks({**given, "kind": "max" if "max" in function else "avg"}, _n(function))
            return Asked(asked.rule, tuple(pair for pair in asked.takes if is_present(pair[1])), asked.settings)
    return None


def _n(function: str) -> int:
    found = re.search(r"(\d)d(_|$)", function)
    return int(found[1]) if found else 1


def _takes(given: Given, *roles: str) -> tuple[tuple[str, Any], ...]:
    return tuple((role, given.get(role)) for role in roles)


def _pool(given: Given, n: int) -> Asked:
    kernel, stride = given.get("kernel_size"), given.get("stride")
    settings = {
        "n": n,
        "kind": given.get("kind"),
        "kernel": kernel,
        "stride": stride if stride not in (None, ()) else kernel,
        "padding": given.get("padding", 0),
        "dilation": given.get("dilation", 1),
        "ceil": given.get("ceil_mode", False),
    }
    return Asked("pool", _takes(given, "input"), settings)


def _adaptive_pool(given: Given, n: int) -> Asked:
    settings = {"n": n, "kind": given.get("kind"), "output": given.get("output_size")}
    return Asked("adaptive_pool", _takes(given, "input"), settings)


def _conv(given: Given, n: int) -> Asked:
    settings = {"n": n, "stride": given.get("stride", 1), "padding": given.get("padding", 0)}
    settings |= {"dilation": given.get("dilation", 1), "groups": given.get("groups", 1)}
    return Asked("conv", _takes(given, "input", "weight", "bias"), settings)


def _batch_norm(given: Given, n: int) -> Asked:
    del n
    other = next((role for role in ("running_mean", "weight") if is_present(given.get(role))), "weight")
    value = given.get("input")
    axes = len(getattr(value, "shape", (0, 0)))
    return Asked("batch_norm", _takes(given, "input", other), {"n": {4: 2, 5: 3}.get(axes, 1)})


def _norm(rule: str) -> Asks:
    def asks(given: Given, n: int) -> Asked:
        del n
        shape = tuple(given.get("normalized_shape", ()))
        return Asked(rule, _takes(given, "input", "weight"), {"normalized_shape": shape})

    return asks


def _attention(given: Given, n: int) -> Asked:
    del n
    embed = given.get("embed_dim_to_check")
    settings = {"heads": given.get("num_heads"), "embed": embed, "kdim": embed, "vdim": embed, "batch_first": False}
    return Asked("attention", _takes(given, "query", "key", "value", "attn_mask"), settings)


def _one(rule: str, *roles: str, **settings: str) -> Asks:
    """A function that takes arrays in these roles, and settings by the names of its arguments."""

    def asks(given: Given, n: int) -> Asked:
        del n
        read = {name: given[argument] for name, argument in settings.items() if argument in given}
        return Asked(rule, _takes(given, *roles), read)

    return asks


_FOLD = {"kernel": "kernel_size", "stride": "stride", "padding": "padding", "dilation": "dilation"}
_ASKS: tuple[tuple[str, Asks], ...] = (
    ("linear", _one("linear", "input", "weight", "bias")),
    ("bilinear", _one("bilinear", "input1", "input2", "weight", "bias")),
    (r"conv\dd", _conv),
    (r"(max|avg|lp)_pool\dd(_with_indices)?", _pool),
    (
        r"adaptive_(max|avg)_pool\dd(_with_indices)?",
        _adaptive_pool,
    ),
    ("batch_norm", _batch_norm),
    ("layer_norm", _norm("layer_norm")),
    ("rms_norm", _norm("rms_norm")),
    ("group_norm", _one("group_norm", "input", "weight", groups="num_groups")),
    ("embedding", _one("embedding", "input", "weight")),
    ("embedding_bag", _one("embedding_bag", "input", "weight", "offsets")),
    ("multi_head_attention_forward", _attention),
    ("interpolate", _one("interpolate", "input", size="size", scale_factor="scale_factor", mode="mode")),
    ("pixel_shuffle", _one("pixel_shuffle", "input", factor="upscale_factor")),
    ("(log_)?soft(max|min)", _one("along", "input", axis="dim")),
    ("glu", _one("glu", "input", axis="dim")),
    ("fold", _one("fold", "input", output="output_size", **_FOLD)),
    ("unfold", _one("unfold", "input", **_FOLD)),
    ("cosine_similarity", _one("cosine_similarity", "x1", "x2", axis="dim")),
    ("pairwise_distance", _one("pairwise_distance", "x1", "x2")),
)
