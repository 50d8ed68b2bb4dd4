"""A long run's record: small in memory and on disk, true in what it keeps, and whole after a kill at any moment."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tearless.integrations.pytorch import thinning
from tearless.integrations.pytorch.curve import Curve
from tearless.integrations.pytorch.record import Record
from tearless.integrations.pytorch.thinning import thinned
from tearless.readers.training.run import Run
from tearless.readers.training.series import series_of
from tearless.readers.training.source import from_record

STEPS = 300_000


def read(file: Path) -> Run:
    return Run(tuple(next(iter(from_record(file).batches())).frame["entry"]))


def test_many_steps(tmp_path: Path) -> None:
    file = tmp_path / "run.record"
    record = Record(file)
    record.add({"kind": "start", "format": "tearless record 1"})
    curve, draw = Curve(record), random.Random(0)
    losses = [1 + math.exp(-5 * i / STEPS) + draw.gauss(0, 0.1) for i in range(STEPS)]
    losses[100_001], losses[200_003] = 500.0, math.inf
    largest = 0
    for i, loss in enumerate(losses):
        curve.values = [loss]
        curve.step(0.1 * (1 - i / STEPS), i < STEPS / 2)
        if i % 4096 == 0:
            largest = max(largest, file.stat().st_size)
    curve.write()
    record.close()
    assert max(largest, file.stat().st_size) < 2.5e6
    assert sum(map(len, record.lines)) < 2.5e6
    run, true = read(file), np.array(losses)
    assert len(run.losses) == len(run.rates) == len(run.modes) == STEPS
    assert (run.losses[run.kept] == true[run.kept]).all()
    assert run.kept[:256].all()
    assert run.kept[-256:].all()
    assert run.kept[[100_001, 200_003]].all()  # what stands out is kept
    assert not np.isfinite(run.losses[~run.kept]).any()
    tenths = [int(part.sum()) for part in np.array_split(run.kept, 10)]
    assert max(tenths[1:-1]) < 1.1 * min(tenths[1:-1])
    assert np.abs(run.rates - 0.1 * (1 - np.arange(STEPS) / STEPS)).max() < 0.1 * 64 / STEPS
    assert np.abs(run.modes - (np.arange(STEPS) < STEPS / 2)).sum() < 64


def test_thinned_again_and_again_is_thinned_once() -> None:
    draw = random.Random(1)
    values = [draw.random() for _ in range(200_000)]
    at_once = thinned([{"kind": "losses", "first": 1, "values": values, "rates": [0.1]}])
    blocks: list[dict[str, object]] = []
    for first in range(0, len(values), 5000):
        blocks.append({"kind": "losses", "first": first + 1, "values": values[first : first + 5000], "rates": [0.1]})
        if sum(len(block["values"]) for block in blocks) > thinning.MOST_TOLD:  # type: ignore[arg-type]
            blocks = thinned(blocks)
    one, other = series_of(at_once), series_of(thinned(blocks))
    grid = np.arange(len(values)) % 16 == 0
    assert (one.kept[grid] == other.kept[grid]).all()
    assert np.array_equal(one.rates, other.rates)
    assert np.nanmax(one.losses) == np.nanmax(other.losses) == max(values)


def test_evaluations_and_looks_are_bounded() -> None:
    record = Record()
    record.add({"kind": "start"})
    for step in range(1, 6001):
        record.add({"kind": "evaluation", "step": step, "rows": ["0" * 16] * 128, "loss": 1.0}, always=False)
        if step % 4 == 0:
            record.add({"kind": "step", "step": step, "loss": 1.0}, always=False)
            record.add({"kind": "values", "step": step, "rms": [1.0] * 20}, always=False)
    assert sum(map(len, record.lines)) < 4e6
    run = Run(tuple(record.lines))
    looked = {entry["step"] for entry in run.entries("step")}
    assert looked == {entry["step"] for entry in run.entries("values")}
    assert {4, 8, 5996, 6000} <= looked
    assert len(looked) <= thinning.MOST_LOOKS
    assert run.entries("evaluation")[0]["rows"]
    assert run.entries("evaluation")[-1]["step"] == 6000


def test_a_file_that_cannot_be_replaced_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "MOST_TOLD", 1000)
    monkeypatch.setattr(thinning, "MOST_LOSSES", 100)

    def refuse(**_: object) -> object:
        raise PermissionError(13, "no")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    file = tmp_path / "r"
    record = Record(file)
    curve = Curve(record)
    for _ in range(5000):
        curve.values = [1.0]
        curve.step(0.1, True)
    curve.write()
    record.close()
    assert record.trouble == ""
    assert len(read(file).losses) == 5000
    assert sum(map(len, record.lines)) < file.stat().st_size


KILLED = """
import json, os, random, sys, time
from tearless.integrations.pytorch import record, thinning
from tearless.integrations.pytorch.curve import Curve

thinning.MOST_TOLD, thinning.MOST_LOSSES = 2000, 500
record.FLUSH_EVERY = 0.0
rng, told = random.Random(0), []
for trial in range(60):
    path = f"{sys.argv[1]}/{trial}.record"
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        kept = record.Record(path)
        kept.add({"kind": "start", "format": "tearless record 1"})
        curve = Curve(kept)
        while True:
            curve.values = [1.0]
            curve.step(0.1, True)
            if not curve.losses:
                os.write(theirs, b"%d\\n" % curve.steps)
    os.close(theirs)
    first = os.read(ours, 1)
    time.sleep(rng.uniform(0, 0.05))
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    rest = first
    while more := os.read(ours, 1 << 16):
        rest += more
    os.close(ours)
    told.append(max(int(n) for n in rest.decode().split("\\n")[:-1] if n))
print(json.dumps(told))
"""


def test_killed_while_the_record_is_replaced(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for trial, steps in enumerate(told):
        run = read(tmp_path / f"{trial}.record")
        assert len(run.losses) >= steps
        assert run.entries("start")
        assert run.kept[-200:].all()
    assert max(told) > 5000
