"""What the checks of losses and of broken numbers rest on: their identities, by computing both sides."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tearless.linear_algebra.underflow_of_a_run import LOST_BELOW
from tearless.probability.ranges_of_a_run import _beyond

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_the_floor_of_a_second_softmax(classes: int) -> None:
    sure = torch.zeros(1, classes, dtype=torch.float64)
    sure[0, 0] = 1.0
    least = torch.nn.functional.cross_entropy(sure, torch.tensor([0])).item()
    assert least == pytest.approx(math.log(math.e + classes - 1) - 1, rel=1e-12)


def test_all_pairs_fit_the_mean() -> None:
    rng = np.random.default_rng(0)
    f, y = rng.normal(size=(50, 1)), rng.normal(size=50)
    assert np.mean((f - y) ** 2) == pytest.approx(np.mean((f[:, 0] - y.mean()) ** 2) + y.var(), rel=1e-12)


@pytest.mark.parametrize("t", [-1.0, 0.0, 0.7, 2.0])
def test_the_variance_beyond_a_bound(t: float) -> None:
    z = np.random.default_rng(1).standard_normal(2_000_000)
    assert _beyond(t) == pytest.approx(np.mean(np.maximum(z - t, 0) ** 2), rel=0.02)


@pytest.mark.parametrize("size", [2e-8, 4.4e-8, 2.4e-7, 1e-6])
def test_the_share_of_a_gradient_that_float16_rounds_to_0(size: float) -> None:
    g = (size * np.random.default_rng(2).standard_normal(400_000)).astype(np.float16)
    assert np.mean(g == 0) == pytest.approx(math.erf(LOST_BELOW / (size * math.sqrt(2))), abs=0.005)


def _broken_losses() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    x, y = torch.randn(16, 4), torch.randn(16)
    holed, gone = x.clone(), y.clone()
    holed[0, 0] = gone[3] = math.nan
    p = torch.sigmoid(1000 * net(x))
    nothing = torch.zeros(16, 1)
    return {
        "nan-in-input": ((net(holed).squeeze(1) - y) ** 2).mean(),
        "inf-in-input": (torch.nn.Linear(4, 1)(holed.nan_to_num(math.inf)).squeeze(1) - y).square().mean(),
        "nan-in-target": ((net(x).squeeze(1) - gone) ** 2).mean(),
        "log-of-zero": -torch.log(p).mean() - torch.log(1 - p).mean(),
        "precision-overflow": torch.exp(1e4 * net(x)).mean(),
        "nan-loss": (net(x) * nothing).sum() / nothing.sum(),
    }


@pytest.mark.parametrize("name", list(_broken_losses()))
def test_the_trail_of_a_loss_that_is_not_finite(name: str) -> None:
    from tearless.integrations.pytorch.trail import origin

    found = origin(_broken_losses()[name])
    assert found is not None
    assert found["breach"] == name
