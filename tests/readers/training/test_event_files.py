"""TensorBoard's event files: those of the real writer, and what a crash or a bad disk makes of them."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from tearless.core import InputError
from tearless.readers.training.crc import all_masked, crc32c, masked
from tearless.readers.training.events import is_event_file, log_of_events
from tearless.readers.training.wire import Damaged, scalars

DATA = Path(__file__).parents[2] / "data" / "training"
NAME = "events.out.tfevents.1700000000.host.1.0"
SIMPLE, TENSOR = DATA / "events_simple" / NAME, DATA / "events_tensor" / NAME


def record(event: bytes) -> bytes:
    length = struct.pack("<Q", len(event))
    codes = [struct.pack("<I", masked(crc32c(part))) for part in (length, event)]
    return length + codes[0] + event + codes[1]


def event(step: int, tag: str, value: float) -> bytes:
    """An event with one simple value, written by hand; steps below 128."""
    name = tag.encode()
    one = b"\x0a" + bytes([len(name)]) + name + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(one)]) + one
    return b"\x10" + bytes([step]) + b"\x2a" + bytes([len(summary)]) + summary


@pytest.mark.parametrize("file", [SIMPLE, TENSOR], ids=["simple_value", "tensor"])
def test_the_scalars_that_the_real_writer_wrote(file: Path) -> None:
    log = log_of_events(file)
    assert set(log.metrics) == {"Loss/train", "lr", "Loss/val", "Accuracy/val"}
    steps = np.arange(1, 41)
    found = log.metrics["Loss/train"]
    assert list(found) == steps.tolist()
    np.testing.assert_allclose(list(found.values()), 0.25 + 2 * np.exp(-steps / 10), rtol=1e-6)
    assert list(log.metrics["Loss/val"]) == [10, 20, 30, 40]
    assert not log.notes


def test_the_checksum_is_that_of_the_standard() -> None:
    for text, code in (
        (b"\0" * 32, 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ):  # RFC 3720
        assert crc32c(text) == code
        assert all_masked([text] * 9) == [masked(code)] * 9


@pytest.mark.parametrize("file", [SIMPLE, TENSOR], ids=["simple_value", "tensor"])
def test_cut_short_at_every_length_of_its_first_records_and_many_later(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    all_of_it = log_of_events(file).metrics
    cut = tmp_path / NAME
    said: list[str] = []
    rng = np.random.default_rng(0)
    for length in [*range(1, 400), *rng.integers(400, len(whole), 40).tolist()]:
        cut.write_bytes(whole[:length])
        try:
            log = log_of_events(cut)
        except InputError as refused:
            said.append(str(refused))
            continue
        for name, series in log.metrics.items():
            assert series.items() <= all_of_it[name].items()
    assert said
    assert all("\n" not in one and ("damaged" in one or "without any" in one) for one in said)


def test_flipped_bytes_are_seen_by_the_checksums(tmp_path: Path) -> None:
    whole = SIMPLE.read_bytes()
    all_of_it = log_of_events(SIMPLE).metrics
    rng = np.random.default_rng(1)
    flipped = tmp_path / NAME
    said = 0
    for place in rng.integers(0, len(whole), 100).tolist():
        damaged = bytearray(whole)
        damaged[place] ^= int(rng.integers(1, 256))
        flipped.write_bytes(damaged)
        try:
            log = log_of_events(flipped)
        except InputError:
            said += 1
            continue
        said += bool(log.notes)
        for name, series in log.metrics.items():
            assert series.items() <= all_of_it[name].items()
    assert said == 100


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    file = tmp_path / NAME
    good = b"".join(record(event(step, "loss", 1 / step)) for step in range(1, 11))
    file.write_bytes(good + b"torn")
    log = log_of_events(file)
    assert len(log.metrics["loss"]) == 10
    assert "after 10 records: 4 bytes left out" in log.notes[0]


def test_a_resumed_run_and_phases_in_folders_are_one_run(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"".join(record(event(s, "loss", 1.0)) for s in (1, 2, 3)))
    (tmp_path / NAME.replace("17", "18")).write_bytes(b"".join(record(event(s, "loss", 0.5)) for s in (3, 4)))
    (tmp_path / "validation").mkdir()
    (tmp_path / "validation" / NAME).write_bytes(record(event(4, "epoch_loss", 0.7)))
    log = log_of_events(tmp_path)
    assert log.metrics["loss"] == {1: 1.0, 2: 1.0, 3: 0.5, 4: 0.5}
    assert log.metrics["validation/epoch_loss"][4] == pytest.approx(0.7)


def test_several_runs_are_refused_by_name(tmp_path: Path) -> None:
    for run in ("first", "second"):
        (tmp_path / "logs" / run).mkdir(parents=True)
        shutil.copy(SIMPLE, tmp_path / "logs" / run / NAME)
    with pytest.raises(InputError, match=r"got 2 runs .*first"):
        log_of_events(tmp_path)
    shutil.rmtree(tmp_path / "logs" / "second")
    assert len(log_of_events(tmp_path).metrics["Loss/train"]) == 40


def test_other_files_are_not_events(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("step,loss\n1,2\n")
    assert not is_event_file(file)
    assert is_event_file(SIMPLE)


def test_random_bytes_are_scalars_or_damaged() -> None:
    rng = np.random.default_rng(2)
    for _ in range(3000):
        try:
            scalars(rng.bytes(int(rng.integers(0, 60))))
        except Damaged:
            continue
