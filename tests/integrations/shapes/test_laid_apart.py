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


def test_a_parameter_that_is_one_short_is_told(tmp_path: Path) -> None:
    source = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    source += "        self.start, self.where = nn.Parameter(torch.ones(1, 1, 6)), nn.Parameter(torch.ones(1, 9, 6))\n"
    source += "    def forward(self, x):\n        x = torch.cat([self.start.expand(len(x), -1, -1), x], 1)\n"
    source += "        return x + self.where\nNet()(torch.ones(3, 9, 6))\n"
    found = told(HEAD + source, tmp_path / "script.py")
    assert found.origins == ("where is made with 9 on axis 1, one fewer than it meets: made with 10 it fits",)


@pytest.mark.parametrize(("shape", "offered"), [("(4, 11, 2)", True), ("(11, 3, 2)", False)])
def test_packed_sequences_have_one_length_each(shape: str, offered: bool, tmp_path: Path) -> None:
    source = f"rows = torch.ones{shape}\nsizes = torch.tensor([9, 6, 2, 2])\n"
    found = told(HEAD + source + "nn.utils.rnn.pack_padded_sequence(rows, sizes)\n", tmp_path / "script.py")
    assert found.clash.marks == ((0, 1), (1, 0))
    news = [edit.new for edit in found.edits if edit is not None]
    assert news == (["nn.utils.rnn.pack_padded_sequence(rows, sizes, batch_first=True)"] if offered else [])
