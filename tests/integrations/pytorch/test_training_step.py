"""A whole training step without numbers: what a loader gives, the loss, the last batch, and where numbers come from."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from tearless.core import InputError
from tearless.integrations.pytorch.tracing.feeding import feed_of_batch, feed_of_loader
from tearless.integrations.pytorch.tracing.step import DryRun, dry_run
from tearless.integrations.pytorch.tracing.step_report import report_of_step
from tearless.integrations.shapes.layers.assumed import origins_of_error

LONG = torch.int64


class Convolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.fc1 = nn.Linear(4608, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> Any:
        x = torch.relu(self.conv1(x))
        x = torch.flatten(x, 1)
        return self.fc2(torch.relu(self.fc1(x)))


class Poolless(nn.Module):
    """A pooling is made, and forward forgets it."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.pool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(nn.Linear(64 * 49, 32), nn.ReLU(), nn.Linear(32, 5))

    def forward(self, x: torch.Tensor) -> Any:
        return self.classifier(self.features(x).flatten(1))


class FixedState(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.out = nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 3)

    def forward(self, x: torch.Tensor) -> Any:
        state = torch.zeros(1, 32, 16), torch.zeros(1, 32, 16)
        return self.out(self.rnn(x, state)[0][:, -1])


class Squeezed(nn.Module):
    def __init__(self, out: int = 3) -> None:
        super().__init__()
        self.line = nn.Linear(8, out)

    def forward(self, x: torch.Tensor) -> Any:
        return self.line(x).squeeze()


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.out = nn.Embedding(50, 16), nn.Linear(16, 2)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.out((self.table(input_ids) * attention_mask[..., None]).sum(1))}


def normalised() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))


def data(count: int, *shape: int, target: Callable[[int], torch.Tensor] | None = None) -> DataLoader[Any]:
    y = torch.zeros(count, dtype=LONG) if target is None else target(count)
    return DataLoader(TensorDataset(torch.zeros(count, *shape), y), 32, shuffle=True)


def says(step: DryRun) -> str:
    return " | ".join(str((entry.get("clash") or {}).get("says", "")) for entry in step.entries())


def test_the_numbers_of_a_clash_are_followed_and_the_assumption_named() -> None:
    step = dry_run(Convolution(), data(1000, 1, 28, 28), loss="CrossEntropyLoss")
    (part,) = step.parts
    assert (part.name, part.stage) == ("training step", "forward")
    assert part.explanation is not None
    assert "(n, 5408)" in part.explanation.clash.says
    first, _, third, *_, last = part.explanation.origins
    assert first.startswith("5408 = 8·26·26: 8 channels of conv1, 26 = 28 - 3 + 1 (conv1, kernel 3), flattened at ")
    assert third == "4608 = 8·24·24: that would be two valid 3×3 convolutions, there is one"
    assert "nn.Linear(5408, 64)" in last


def test_the_same_is_told_of_an_error_that_was_raised() -> None:
    with pytest.raises(RuntimeError) as caught:
        Convolution()(torch.zeros(2, 1, 28, 28))
    said = origins_of_error(caught.value)
    assert said[1] == "4608 = 8·24·24: that would be two valid 3×3 convolutions, there is one"
    with pytest.raises(RuntimeError) as caught:
        Poolless()(torch.zeros(2, 3, 32, 32))
    said = origins_of_error(caught.value)
    assert "pool called, which is made and never called" in said[1]
    assert "Linear is right" in said[-1]
    assert origins_of_error(ValueError("x")) == ()


class Viewed(nn.Module):
    """The shape of an input of 32×32 written in a reshape, and pictures of 28×28."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2, self.fc1 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5), nn.Linear(400, 10)

    def forward(self, x: torch.Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, 16 * 5 * 5)
        return self.fc1(x)


def test_a_size_written_in_a_reshape_is_followed() -> None:
    (part,) = dry_run(Viewed(), data(96, 1, 28, 28)).parts
    assert part.explanation is not None
    assert "400 = 16·5·5: that would be an input of 32×32 for 28×28" in part.explanation.origins
    with pytest.raises(RuntimeError) as caught:
        Viewed()(torch.zeros(32, 1, 28, 28))
    said = origins_of_error(caught.value)
    assert said[0].startswith("256 = 16·4·4: 16 channels of conv2, 4 = 8/2 (max_pool2d, kernel 2), 8 = 12 - 5 + 1 ")
    assert said[1] == "400 = 16·5·5: that would be an input of 32×32 for 28×28"


class Joined(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(1, 8, 2, 2), nn.ConvTranspose2d(8, 8, 2, 2)

    def forward(self, x: torch.Tensor) -> Any:
        return torch.cat([x, self.up(self.down(x))], 1)


def test_each_axis_that_clashes_is_followed() -> None:
    (part,) = dry_run(Joined(), batch=torch.zeros(4, 1, 33, 33)).parts
    assert part.explanation is not None
    assert part.explanation.origins == (
        "33 on axis 2 of the input",
        "32 = (16 - 1)·2 + 2 (up, kernel 2, stride 2); 16 = ⌊33/2⌋ (down, kernel 2, stride 2)",
    )


def test_a_size_written_in_the_code_shows_at_the_last_batch() -> None:
    step = dry_run(FixedState(), data(1000, 10, 8), loss="CrossEntropyLoss")
    assert [part.name for part in step.parts if part.ended] == ["the last batch, of 8"]
    assert any("at a batch of 32 only" in note for note in step.notes)
    even = dry_run(FixedState(), data(96, 10, 8), loss="CrossEntropyLoss")
    assert even.goes_through
    assert any("at a batch of 32 only" in note for note in even.notes)


def test_a_last_batch_of_one_under_batch_normalisation() -> None:
    step = dry_run(normalised(), data(97, 8), loss=nn.CrossEntropyLoss())
    assert "one value for each channel, and one value has no variance" in says(step)
    assert any("drop_last=True" in note for note in step.notes)
    loader = DataLoader(TensorDataset(torch.zeros(97, 8), torch.zeros(97, dtype=LONG)), 32, drop_last=True)
    assert dry_run(normalised(), loader, loss=nn.CrossEntropyLoss()).goes_through


def test_a_batch_of_one_is_tried_where_nobody_knows_the_last() -> None:
    step = dry_run(normalised(), batch=(torch.zeros(32, 8), torch.zeros(32, dtype=LONG)), loss="CrossEntropyLoss")
    assert step.goes_through
    assert any("a last batch of one sample would end in forward" in note for note in step.notes)


def test_squeeze_that_loses_the_batch() -> None:
    step = dry_run(Squeezed(), data(97, 8), loss="CrossEntropyLoss")
    (entry,) = [entry for entry in step.entries() if entry.get("suspicions")]
    assert "the axis of the batch is lost" in entry["suspicions"][0]["says"]
    assert not dry_run(Squeezed(), data(96, 8), loss="CrossEntropyLoss").entries()


def squared(pred: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((pred - y) ** 2).mean()


@pytest.mark.parametrize("loss", ["MSELoss", nn.L1Loss(), squared, nn.functional.mse_loss])
def test_a_loss_that_stretches_both_is_found(loss: Any) -> None:
    report = report_of_step(nn.Linear(8, 1), data(96, 8, target=torch.zeros), loss=loss)
    assert [finding.name for finding in report.findings] == ["accidental-broadcast"]
    fits = report_of_step(nn.Linear(8, 1), data(96, 8, target=lambda n: torch.zeros(n, 1)), loss=loss)
    assert not fits.findings


@pytest.mark.parametrize(
    ("target", "loss", "kind", "repair"),
    [
        (torch.zeros, "CrossEntropyLoss", "dtype", "target.long()"),
        (lambda n: torch.zeros(n, 1, dtype=LONG), "CrossEntropyLoss", "shape", "target.squeeze(1)"),
        (lambda n: torch.zeros(n, dtype=LONG), "BCEWithLogitsLoss", "shape", ""),
    ],
)
def test_targets_that_do_not_fit(target: Any, loss: str, kind: str, repair: str) -> None:
    step = dry_run(normalised(), data(96, 8, target=target), loss=loss)
    (entry,) = step.entries()
    assert step.parts[0].stage == "loss"
    assert entry["clash"]["kind"] == kind
    assert repair in "".join(one["code"] for one in entry["clash"]["repairs"][:1])
    assert "n" in entry["operands"][0]["shape"]


def test_a_loss_that_is_no_single_number_and_one_without_gradient() -> None:
    step = dry_run(nn.Linear(8, 1), data(96, 8, target=lambda n: torch.zeros(n, 1)), loss=nn.MSELoss(reduction="none"))
    assert "loss has shape (n, 1): the backward pass starts from one number" in says(step)
    step = dry_run(nn.Linear(8, 2), data(96, 8), loss=lambda out, y: (out.argmax(1) == y).float().mean())
    assert step.parts[0].stage == "backward"
    assert "no gradient reaches the loss" in step.parts[0].message


class Ragged(Dataset[Any]):
    def __len__(self) -> int:
        return 100

    def __getitem__(self, i: int) -> Any:
        return torch.zeros(i % 7 + 3, dtype=LONG), i % 2


def padded(samples: list[Any]) -> Any:
    xs, ys = zip(*samples, strict=True)
    return nn.utils.rnn.pad_sequence(list(xs), batch_first=True), torch.tensor(ys)


def test_samples_that_cannot_be_stacked() -> None:
    step = dry_run(nn.Linear(8, 1), DataLoader(Ragged(), 4), loss="MSELoss")
    assert [part.stage for part in step.parts] == ["collate"]
    assert "the samples of a batch must be of one shape" in says(step)


def test_lengths_that_vary_have_a_name() -> None:
    feed = feed_of_loader(DataLoader(Ragged(), 4, collate_fn=padded), nn.Embedding(5, 2), with_loss=True)
    assert feed.inputs.all()[0].sizes == ("n", "s")
    assert feed.real() == {"n": 4, "s": 6}
    assert (feed.samples, feed.last) == (100, 4)


def test_a_batch_that_is_a_dictionary() -> None:
    batch = {
        "input_ids": torch.zeros(16, 9, dtype=LONG),
        "attention_mask": torch.ones(16, 9),
        "labels": torch.zeros(16),
    }
    feed = feed_of_batch(batch, Words(), with_loss=True)
    assert [name for name, _ in feed.inputs.named] == ["input_ids", "attention_mask"]
    assert feed.target.sizes == ("n",)
    whole = dry_run(Words(), batch={**batch, "labels": torch.zeros(16, dtype=LONG)}, loss="CrossEntropyLoss")
    assert whole.goes_through
    with pytest.raises(InputError, match="name them alike"):
        feed_of_batch({"ids": torch.zeros(16, 9), "mask": torch.zeros(16, 9)}, Words(), with_loss=True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"loader": 5}, "expected a DataLoader"),
        ({"loader": iter([torch.zeros(2, 8)])}, "got an iterator"),
        ({"loader": []}, "expected batches, got none"),
        ({"batch": (np.zeros((4, 8)), np.zeros(4))}, "make them tensors in `collate_fn`"),
        ({"batch": ["a", "b"]}, "expected tensors in a batch"),
        ({}, "a loader or one batch"),
        ({"batch": torch.zeros(4, 8), "loss": "Nonsense"}, "no `Nonsense` in torch.nn"),
    ],
)
def test_what_cannot_be_fed(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        dry_run(nn.Linear(8, 1), **given)


def test_nothing_is_left_changed() -> None:
    model, loader = normalised(), data(97, 8)
    generator = torch.Generator().manual_seed(3)
    own = DataLoader(loader.dataset, 32, shuffle=True, generator=generator)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    before = torch.get_rng_state(), random.getstate(), generator.get_state(), str(np.random.get_state())  # noqa: NPY002
    dry_run(model, loader, loss="CrossEntropyLoss")
    dry_run(model, own, loss="CrossEntropyLoss")
    after = torch.get_rng_state(), random.getstate(), generator.get_state(), str(np.random.get_state())  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert before[1] == after[1]
    assert torch.equal(before[2], after[2])
    assert before[3] == after[3]
    assert model.training
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_an_optimizer_of_another_model() -> None:
    model = normalised()
    optimizer = torch.optim.SGD(normalised().parameters(), 0.1)
    step = dry_run(model, data(96, 8), loss="CrossEntropyLoss", optimizer=optimizer)
    assert any("6 trainable parameters of the model are not among them" in note for note in step.notes)
    fits = dry_run(model, data(96, 8), loss="CrossEntropyLoss", optimizer=torch.optim.SGD(model.parameters(), 0.1))
    assert not fits.notes
