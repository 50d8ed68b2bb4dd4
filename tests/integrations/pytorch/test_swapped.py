"""Axes taken for others are found in models that mix samples, and in none of those that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from tearless.integrations.pytorch.tracing.copies import without_data
from tearless.integrations.pytorch.tracing.running import run
from tearless.integrations.pytorch.tracing.swapped import suspicions

N = 1009
LONG = torch.int64


class Does(nn.Module):
    """A model that does what a function says, with layers of these names."""

    def __init__(self, does: Callable[..., Any], **layers: Any) -> None:
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.does = does

    def forward(self, *xs: torch.Tensor) -> Any:
        return self.does(self, *xs)


def found(model: nn.Module, *shapes: tuple[Any, ...], dtype: torch.dtype = torch.float32) -> list[dict[str, Any]]:
    sizes = [tuple(N if size == "n" else size for size in shape) for shape in shapes]
    args = [torch.empty(size, dtype=dtype, device="meta") for size in sizes]
    ran = run(without_data(model), args, {}, symbols={"n": N})
    assert ran.traced.error is None, ran.traced.error
    return [one for _, one in suspicions(ran.traced, "n", 32)]


def lstm(**more: Any) -> nn.Module:
    return nn.LSTM(8, 16, **more)


BAD: list[tuple[str, str, nn.Module, tuple[Any, ...], int]] = [
    ("steps over", "sequence-first", Does(lambda m, x: m.r(x)[0], r=lstm()), ("n", 10, 8), 32),
    ("steps over", "sequence-first", Does(lambda m, x: m.r(x)[0], r=lstm(batch_first=True)), ("n", 8), 32),
    ("no axis holds", "batch-lost", Does(lambda m, x: m.r(x)[0][-1], r=lstm(batch_first=True)), ("n", 10, 8), 0),
    (
        "looks along",
        "sequence-first",
        Does(lambda m, x: m.a(x, x, x)[0], a=nn.MultiheadAttention(8, 2)),
        ("n", 9, 8),
        32,
    ),
    (
        "looks along",
        "sequence-first",
        Does(
            lambda m, x: m.e(x).mean(1), e=nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, None, False)
        ),
        ("n", 9, 8),
        32,
    ),
    ("`softmax` runs along axis 0", "batch-mixed", Does(lambda m, x: torch.softmax(x, 0)), ("n", 8), 32),
    ("`s` runs along axis 0", "batch-mixed", Does(lambda m, x: m.s(x), s=nn.Softmax(dim=0)), ("n", 8), 32),
    ("`softmax` runs along axis 0", "batch-mixed", Does(lambda m, x: F.softmax(x, dim=-3)), ("n", 5, 8), 32),
    ("`normalize` runs along", "batch-mixed", Does(lambda m, x: F.normalize(x, dim=0)), ("n", 8), 32),
    ("takes all samples", "batch-lost", Does(lambda m, x: m.l(x.mean(0)), l=nn.Linear(8, 3)), ("n", 8), 32),
    ("without an axis", "batch-lost", Does(lambda m, x: x / x.max()), ("n", 8), 32),
    ("cut and mixed", "batch-mixed", Does(lambda m, x: m.r(x.view(9, -1, 8))[0], r=lstm()), ("n", 9, 8), 2),
    (
        "cut and mixed",
        "batch-mixed",
        Does(lambda m, x: m.r(x)[1][0].view(len(x), -1), r=lstm(batch_first=True, bidirectional=True)),
        ("n", 10, 8),
        2,
    ),
    ("3 rows for each", "batch-lost", Does(lambda m, x: m.l(x.view(-1, 64)), l=nn.Linear(64, 5)), ("n", 3, 8, 8), 0),
    ("sums over", "batch-mixed", Does(lambda m, x: x @ (x.T @ x)), ("n", 8), 32),
    ("sums over", "batch-mixed", Does(lambda m, x: x @ torch.einsum("bi,bj->ij", x, x)), ("n", 8), 32),
    (
        "one row of",
        "sequence-first",
        Does(lambda m, x: x + m.p[: x.size(0)], p=nn.Parameter(torch.zeros(5000, 1, 8))),
        ("n", 10, 8),
        0,
    ),
    (
        "samples are on axis 1",
        "batch-moved",
        Does(lambda m, x: m.l(x).transpose(0, 1), l=nn.Linear(8, 2)),
        ("n", 9, 8),
        0,
    ),
    ("for channels", "channels-last", Does(lambda m, x: m.c(x), c=nn.Conv2d(28, 8, 3)), ("n", 28, 28, 3), 0),
]


@pytest.mark.parametrize(("says", "kind", "model", "shape", "mixed"), BAD)
def test_what_mixes_samples(says: str, kind: str, model: nn.Module, shape: tuple[Any, ...], mixed: int) -> None:
    (one,) = found(model, shape)
    assert says in one["says"]
    assert (one["kind"], one["mixed"]) == (kind, mixed)
    assert one["repair"]
    assert one["proof"]


def gated(m: Any, x: torch.Tensor) -> Any:
    """Experts: the load of each is averaged over the batch on the side."""
    rows = x.reshape(-1, 16)
    shares = F.softmax(m.gate(rows), -1)
    return (shares[:, :1] * m.expert(rows)).view(x.shape), (shares.mean(0) ** 2).sum()


def windows(m: Any, x: torch.Tensor) -> Any:
    b, h, w, c = x.shape
    parts = x.view(b, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
    parts = m.a(parts, parts, parts)[0]
    return parts.view(b, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)


def heads(m: Any, x: torch.Tensor) -> Any:
    b, t, d = x.shape
    q, k, v = (one.view(b, t, 4, -1).transpose(1, 2) for one in m.qkv(x).split(d, 2))
    scores = (q @ k.transpose(-2, -1)).masked_fill(m.mask[:, :, :t, :t] == 0, float("-inf"))
    return (F.softmax(scores, -1) @ v).transpose(1, 2).contiguous().view(b, t, d)


def shuffled(m: Any, x: torch.Tensor) -> Any:
    b, c, h, w = x.shape
    return x.view(b, 4, c // 4, h, w).transpose(1, 2).contiguous().view(b, c, h, w)


def both_ends(m: Any, x: torch.Tensor) -> Any:
    _, (h, _) = m.r(x)
    h = h.view(2, 2, x.size(0), 16)
    return m.o(h[-1].transpose(0, 1).reshape(x.size(0), -1))


def seq_first(m: Any, x: torch.Tensor) -> Any:
    x = x.transpose(0, 1)
    return m.e(x + m.p[: x.size(0)]).mean(0)


class MyBatchNorm(nn.Module):
    def forward(self, x: torch.Tensor) -> Any:
        return (x - x.mean(0)) / torch.sqrt(x.var(0) + 1e-5)


GOOD: list[tuple[nn.Module, tuple[tuple[Any, ...], ...]]] = [
    (nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8 * 36, 2)), (("n", 3, 8, 8),)),
    (nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 64, 3, 2, 1), nn.Conv2d(64, 64, 3, 2, 1)), (("n", 3, 8, 8),)),
    (Does(lambda m, x: m.o(m.r(x)[0][:, -1]), r=lstm(batch_first=True), o=nn.Linear(16, 2)), (("n", 10, 8),)),
    (Does(lambda m, x: m.o(m.r(x)[0]), r=lstm(), o=nn.Linear(16, 2)), ((10, "n", 8),)),
    (Does(both_ends, r=nn.LSTM(8, 16, 2, batch_first=True, bidirectional=True), o=nn.Linear(32, 2)), (("n", 10, 8),)),
    (Does(heads, qkv=nn.Linear(8, 24), mask=torch.ones(1, 1, 20, 20)), (("n", 12, 8),)),
    (Does(gated, gate=nn.Linear(16, 4), expert=nn.Linear(16, 16)), (("n", 5, 16),)),
    (Does(windows, a=nn.MultiheadAttention(8, 2, batch_first=True)), (("n", 8, 8, 8),)),
    (
        Does(
            seq_first,
            e=nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, None, False),
            p=nn.Parameter(torch.zeros(50, 1, 8)),
        ),
        (("n", 10, 8),),
    ),
    (Does(shuffled), (("n", 16, 5, 5),)),
    (Does(lambda m, x: m.b(m.l(x)), l=nn.Linear(8, 8), b=MyBatchNorm()), (("n", 8),)),
    (Does(lambda m, a, b: F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T), (("n", 8), ("n", 8))),
    (Does(lambda m, a, b: m.l(torch.cat([a, b], 0)), l=nn.Linear(8, 8)), (("n", 8), ("n", 8))),
    (Does(lambda m, x: m.c(x).view(-1), c=nn.Conv2d(3, 1, 8)), (("n", 3, 8, 8),)),
    (Does(lambda m, z: m.c(z.view(-1, 100, 1, 1)), c=nn.ConvTranspose2d(100, 3, 4)), (("n", 100),)),
    (Does(lambda m, x: m.l(x.view(-1, 64)).chunk(2, 1), l=nn.Linear(64, 10)), (("n", 1, 8, 8),)),
    (Does(lambda m, x: x * torch.sigmoid(m.l(x.mean((2, 3))))[..., None, None], l=nn.Linear(8, 8)), (("n", 8, 9, 9),)),
    (
        Does(
            lambda m, x: m.r(m.c(x.flatten(0, 1)).mean((2, 3)).view(*x.shape[:2], -1))[0],
            c=nn.Conv2d(3, 8, 3),
            r=lstm(batch_first=True),
        ),
        (("n", 6, 3, 9, 9),),
    ),
    (
        Does(lambda m, x: m.v(x) + m.a(x) - m.a(x).mean(1, keepdim=True), v=nn.Linear(4, 1), a=nn.Linear(4, 6)),
        (("n", 4),),
    ),
    (Does(lambda m, x: (x**2).sum(1) - 2 * (x @ m.w.T).amin(1), w=nn.Parameter(torch.zeros(32, 8))), (("n", 8),)),
]


@pytest.mark.parametrize(("model", "shapes"), GOOD)
def test_what_keeps_samples_apart(model: nn.Module, shapes: tuple[tuple[Any, ...], ...]) -> None:
    assert found(model, *shapes) == []
