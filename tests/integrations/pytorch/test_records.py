"""A record on disk after a kill at any moment, cut anywhere, or damaged: read to its last whole entry, or refused."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import tearless
from tearless.doctor.training import diagnosed
from tearless.integrations.pytorch.record import Record
from tearless.readers.training.entries import entries_of
from tearless.readers.training.source import from_record

TRIALS = 100
KILLED = """
import json, os, random, sys, time
import torch
from tearless.integrations.pytorch import record
from tearless.integrations.pytorch.run import started
from tearless.integrations.pytorch.watching import Watch

folder, trials = sys.argv[1], int(sys.argv[2])
record.FLUSH_EVERY = 0.0
rng = random.Random(0)

def train(path, pipe):
    kept = record.Record(path)
    flush = kept.flush
    def telling():
        flush()
        os.write(pipe, b"%d\\n" % kept._written)
    kept.flush = telling
    kept.add(started("script.py"))
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.randn(16, 4)
    os.write(pipe, b"0\\n")
    with Watch(kept, budget=1.0):
        while True:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

def last(told):
    return max((int(n) for n in told.split(b"\\n")[:-1]), default=-1)

torch.set_num_threads(1)
with Watch(record.Record(), budget=1.0):  # what is loaded at the first call
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(3):
        model(torch.ones(2, 4)).sum().backward()
        optimizer.step()
told = []
for trial in range(trials):
    path = f"{folder}/{trial}.record"
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        train(path, theirs)
        os._exit(0)
    os.close(theirs)
    rest, entries = b"", rng.randrange(60)
    while last(rest) < entries and (more := os.read(ours, 1 << 16)):
        rest += more
    time.sleep(rng.uniform(0, 0.005))
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    while more := os.read(ours, 1 << 16):
        rest += more
    os.close(ours)
    told.append(last(rest))
print(json.dumps(told))
"""


def test_kill_at_random_moments(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(tmp_path), str(TRIALS)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    sizes = set()
    for trial, least in enumerate(told):
        file = tmp_path / f"{trial}.record"
        if not least:  # killed before the first flush
            continue
        entries, _ = entries_of(file.read_text().split("\n"))
        assert len(entries) >= least
        assert entries[0]["kind"] == "start"
        sizes.add(len(entries))
        if trial % 20 == 0:
            assert not diagnosed(from_record(file)).faults
    assert len(sizes) > TRIALS / 10  # the kills fell on different moments


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    file = tmp_path_factory.mktemp("record") / "whole.record"
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with tearless.watch(record=file):  # one step: its record has entries of every kind
        optimizer.zero_grad()
        model(torch.ones(4, 3)).square().mean().backward()
        optimizer.step()
    return file


def read(file: Path) -> list[str] | None:
    """The entries that are taken for whole; ``None`` where the record is refused."""
    try:
        source = from_record(file)
    except tearless.InputError:
        return None
    return [line for batch in source.batches() for line in batch.frame["entry"]]


def test_cut_at_every_byte(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    lines = content.decode().splitlines()
    assert read(whole) == lines
    file = tmp_path / "cut"
    for at in range(len(content)):
        file.write_bytes(content[:at])
        found = read(file)
        complete = content[:at].count(b"\n") + (content[at : at + 1] == b"\n")
        assert found == (lines[:complete] or None), at


def test_damaged_anywhere(whole: Path, tmp_path: Path) -> None:
    """A byte changed, or a run of bytes: what is read are entries as they were written, in order."""
    content = whole.read_bytes()
    entries = [json.loads(line.partition(" ")[2]) for line in content.decode().splitlines()]
    rng = random.Random(0)
    file = tmp_path / "damaged"
    for trial in range(2000):
        damaged = bytearray(content)
        at = rng.randrange(len(content))
        for i in range(at, min(len(content), at + (1 if trial % 2 else rng.randrange(1, 40)))):
            damaged[i] ^= rng.randrange(1, 256)
        file.write_bytes(bytes(damaged))
        found = [json.loads(line.partition(" ")[2]) for line in read(file) or ()]
        assert found == entries[: len(found)], at
        assert len(found) >= content[:at].count(b"\n")


def test_damaged_records_are_judged_without_a_crash(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    file = tmp_path / "cut"
    for at in range(1, content.count(b"\n"), 2):
        file.write_bytes(b"\n".join(content.split(b"\n")[:at]) + b"\n0000 {torn")
        report = tearless.check(str(file))
        assert not report.faults
        assert any("damaged" in note for note in report.notes)


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_process_that_was_forked_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "r"
    record = Record(file)
    record.add({"kind": "start"})
    pid = os.fork()
    if pid == 0:
        record.add({"kind": "end"})
        record.close()
        os._exit(0)
    os.waitpid(pid, 0)
    record.close()
    assert entries_of(file.read_text().split("\n"))[0] == [{"kind": "start"}]


def test_the_record_is_bounded() -> None:
    from tearless.integrations.pytorch import record

    kept = Record()
    for i in range(10 * record.MOST_LINES):
        kept.add({"kind": "clip", "step": i}, always=False)
    assert len(kept.lines) < 4 * record.MOST_LINES
