"""Numbers that a model laid apart or made smaller on the way to a clash outside its layers: what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_layers import HEAD, told

pytest.importorskip("torch")

SWALLOWED = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.out = nn.Conv2d(3, 6, 3), nn.Linear({wide}, 4)
    def forward(self, x):
        x = F.relu(self.conv(x))
        return self.out(x.{laid})
net = Net()
scores = net(torch.ones(5, 3, 12, 12))
{loss}
"""
BLOCK = """class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(4, 8, 3, padding=1, stride=3)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.skip = {skip}
    def forward(self, x):
        return self.second(self.first(x)) + self.skip(x)
Block()(torch.ones(2, 4, 18, 18))
"""


@pytest.mark.parametrize(
    "loss", ["F.cross_entropy(scores, torch.ones(5).long())", "nn.MSELoss()(scores, torch.ones(5, 4))"]
)
@pytest.mark.parametrize("laid", ["view(-1, 300)", "reshape(-1, 300)"])
def test_a_reshape_that_lays_samples_apart_is_named(loss: str, laid: str, tmp_path: Path) -> None:
    found = told(HEAD + SWALLOWED.format(wide=300, laid=laid, loss=loss), tmp_path / "script.py")
    assert found.origins[0].startswith(f"10 = 2·5: x.{laid} at script.py:12 laid the 5 samples of 600 numbers apart")
    assert "600" in found.origins[1]


def test_nothing_is_said_of_samples_that_are_together(tmp_path: Path) -> None:
    source = SWALLOWED.format(wide=600, laid="flatten(1)", loss="F.cross_entropy(scores, torch.ones(7).long())")
    assert told(HEAD + source, tmp_path / "script.py").origins == ()


@pytest.mark.parametrize(
    ("skip", "says"),
    [
        ("nn.Conv2d(4, 8, 1)", "18 = 3·6: first has stride 3, skip has stride 1: stride=3 there too makes both 6"),
        (
            "nn.Identity()",
            "18 = 3·6: first has stride 3, and what is added went round it: nn.Conv2d(4, 8, 1, stride=3)",
        ),
    ],
)
def test_a_way_round_a_stride_is_told(skip: str, says: str, tmp_path: Path) -> None:
    found = told(HEAD + BLOCK.format(skip=skip), tmp_path / "script.py")
    assert found.origins[0].startswith(says)
