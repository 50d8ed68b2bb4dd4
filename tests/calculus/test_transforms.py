"""The exponentials and the norms under PyTorch's function transforms, where no value can be looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tearless.calculus.exponentials import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax
from tearless.linear_algebra.norms import l2
from tearless.linear_algebra.vectors import cosine, dot

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # torch's own, from torch.func

SAFE = torch.tensor([[0.3, -1.2, 2.0], [1.0, 1.0, -3.0]], dtype=torch.float64)
FAR = torch.tensor([[800.0, -1.2, 2.0], [0.0, -800.0, 50.0]], dtype=torch.float64)
THEIRS = [
    (logsumexp, lambda x: torch.logsumexp(x, -1)),
    (softmax, lambda x: torch.softmax(x, -1)),
    (log_softmax, lambda x: torch.log_softmax(x, -1)),
    (sigmoid, torch.sigmoid),
    (log_sigmoid, torch.nn.functional.logsigmoid),
    (l2, torch.linalg.vector_norm),
    (lambda x: dot(x, x), lambda x: torch.linalg.vecdot(x, x)),
    (lambda x: cosine(x, x.flip(-1)), lambda x: torch.cosine_similarity(x, x.flip(-1), dim=-1)),
]


@pytest.mark.parametrize("x", [SAFE, FAR], ids=["safe", "far"])
@pytest.mark.parametrize(("ours", "theirs"), THEIRS)
def test_mapped_and_differentiated_in_every_way(
    ours: Callable[..., Any], theirs: Callable[..., Any], x: torch.Tensor
) -> None:
    """vmap, forward mode, reverse mode, and one on the other give PyTorch's own values and slopes."""
    torch.testing.assert_close(torch.vmap(ours)(x), torch.vmap(theirs)(x))
    for transform in (_slope_along, torch.func.jacrev, torch.func.jacfwd, _curvature):
        for row in x:
            torch.testing.assert_close(transform(ours)(row), transform(theirs)(row))


def _slope_along(f: Callable[..., Any]) -> Callable[..., Any]:
    v = torch.tensor([0.5, -0.1, 0.2], dtype=torch.float64)
    return lambda x: torch.func.jvp(f, (x,), (v,))[1]


def _curvature(f: Callable[..., Any]) -> Callable[..., Any]:
    return torch.func.jacfwd(torch.func.jacrev(f))


@pytest.mark.parametrize("ours", [logsumexp, softmax, log_softmax, sigmoid, log_sigmoid, l2])
@pytest.mark.parametrize("x", [SAFE, FAR], ids=["safe", "far"])
def test_what_came_in_is_not_changed(ours: Callable[..., Any], x: torch.Tensor) -> None:
    for given in (x.clone(), x.numpy().copy()):
        ours(given)
        assert (torch.as_tensor(given) == x).all()
