"""Logs as CSV, JSON lines and trainer_state.json: what they tell, and which tables are none."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tearless.core import InputError
from tearless.readers.training.log_files import rows_of
from tearless.readers.training.logs import entries_of_log
from tearless.readers.training.metrics import role_of
from tearless.readers.training.rows import is_a_log, log_of
from tearless.readers.training.run import Run

DATA = Path(__file__).parents[2] / "data" / "training"


def run_of(path: Path) -> Run:
    rows = rows_of(path, sure=True)
    assert rows is not None
    return Run.from_entries(entries_of_log(rows.log(), rows.what))


def written(tmp_path: Path, text: str, name: str = "log.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_lightnings_log_with_its_holes() -> None:
    run = run_of(DATA / "metrics.csv")
    assert run.start["source"] == "log"
    assert np.flatnonzero(np.isfinite(run.losses)).tolist() == [0, 2, 4, 6, 8, 10, 12, 14]
    assert [e.step for e in run.evaluations] == [3, 7, 11, 15]
    assert run.rates[0] == 0.01
    assert len(run.metric("train_loss_epoch")[0]) == 4
    assert not run.steps


def test_the_state_of_transformers() -> None:
    run = run_of(DATA / "trainer_state.json")
    assert np.flatnonzero(np.isfinite(run.losses)).tolist() == [1, 3, 5, 7, 9, 11]
    assert [e.step for e in run.evaluations] == [4, 8, 12]
    assert run.metric("grad_norm")[0].tolist() == [2, 4, 6, 8, 10, 12]
    assert run.start["max_steps"] == 12


@pytest.mark.parametrize(
    ("text", "losses", "unit"),
    [
        ("step,loss\n1,2.0\n2,1.5\n", [2.0, 1.5], "step"),
        ("epoch\ttrain_loss\tval_loss\n1\t2.0\t2.1\n2\t1.5\t1.6\n", [2.0, 1.5], "epoch"),
        ("epoch;loss\n0;2.0\n1;1.5\n", [2.0, 1.5], "epoch"),
        ("epoch,batch,loss\n0,0,4\n0,1,3\n1,0,2\n1,1,1\n", [4, 3, 2, 1], "step"),
        ("epoch,loss\n1,4\n1,3\n2,2\n2,1\n", [4, 3, 2, 1], "row"),
        ("step,loss\n1,tensor(2.5)\n2,nan\n3,inf\n", [2.5, math.nan, math.inf], "step"),
        ("\ufeffstep,loss\r\n1,2.0\r\n2,1.5\r\n", [2.0, 1.5], "step"),
    ],
)
def test_plain_logs(text: str, losses: list[float], unit: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    run = run_of(path)
    assert run.start["unit"] == unit
    np.testing.assert_array_equal(run.losses, losses)


def test_a_nan_that_the_log_names_is_told_and_a_hole_is_none(tmp_path: Path) -> None:
    run = run_of(written(tmp_path, "step,loss,val_loss\n10,2.0,\n20,,1.9\n30,nan,\n"))
    told = {entry["first"]: entry["values"] for entry in run.entries("losses")}
    assert told[10] == [2.0]
    assert np.isnan(told[30]).all()
    assert 20 not in told


def test_a_phase_in_a_column_and_percent(tmp_path: Path) -> None:
    lines = [
        {"mode": phase, "epoch": epoch, "loss": 1 / epoch, "accuracy": 50.0 + epoch}
        for epoch in (1, 2, 3)
        for phase in ("train", "val")
    ]
    path = written(tmp_path, "\n".join(map(json.dumps, lines)), "log.jsonl")
    run = run_of(path)
    assert run.losses.tolist() == [1, 1 / 2, 1 / 3]
    assert [(e.step, e.right) for e in run.evaluations] == [(1, 0.51), (2, 0.52), (3, 0.53)]


def test_a_last_line_cut_short_is_left_out_and_said(tmp_path: Path) -> None:
    rows = rows_of(written(tmp_path, "step,loss,lr\n1,2.0,0.1\n2,1.5"))
    assert rows is not None
    assert len(rows.rows) == 1
    assert "cut short" in rows.notes[0]


def test_every_length_of_a_log_is_read_or_refused_in_one_message(tmp_path: Path) -> None:
    said: list[str] = []
    rng = np.random.default_rng(0)
    for name in ("metrics.csv", "trainer_state.json"):
        whole = (DATA / name).read_bytes()
        for length in {*range(0, len(whole), 7), *rng.integers(0, len(whole), 40).tolist()}:
            for flip in (False, True):
                damaged = bytearray(whole if flip else whole[:length])
                if flip:
                    damaged[length] ^= int(rng.integers(1, 256))
                path = tmp_path / name
                path.write_bytes(damaged)
                try:
                    rows = rows_of(path)
                    if rows is not None:
                        Run.from_entries(entries_of_log(rows.log(), rows.what)).losses.sum()
                except InputError as refused:
                    said.append(str(refused))
    assert said
    assert not [one for one in said if "\n" in one]


TABLES: dict[str, Callable[[np.random.Generator], dict[str, list[object]]]] = {
    "insurance": lambda rng: {"age": [31, 47, 22], "region": [1, 2, 3], "loss": [0.0, 1200.5, 80.0]},
    "prices with a step": lambda rng: {"step": [3, 1, 2, 9, 4], "price": [1, 2, 3, 4, 5], "loss": [0, 0, 1, 0, 1]},
    "rounds of patients": lambda rng: {"patient": ["a", "b"], "epoch": [1, 1], "weight_loss": [2.0, 3.1]},
    "a sweep": lambda rng: {
        "seed": [0, 0, 0, 1, 1, 1], "epoch": [1, 2, 3, 1, 2, 3], "loss": [3, 2, 1, 3, 2, 1],
    },
    "power losses": lambda rng: {
        "iteration": [1, 2, 3, 4], "loss": [0.1, 0.2, 0.1, 0.2], "city": ["x", "y", "x", "z"], "volt": [1, 2, 3, 4],
        "amps": [1, 2, 3, 4],
    },
    "losses of a series": lambda rng: {"time": list(range(9)), "loss": rng.normal(size=9).tolist()},
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_not_taken_for_logs(name: str) -> None:
    columns = TABLES[name](np.random.default_rng(0))
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    assert not is_a_log(rows)


def test_several_runs_in_one_file_give_the_last(tmp_path: Path) -> None:
    log = log_of([{"step": s, "loss": 10.0 * run + s} for run in (1, 2) for s in (1, 2, 3)])
    assert log.metrics["loss"] == {1: 21.0, 2: 22.0, 3: 23.0}
    assert "several runs" in log.notes[0]


def test_steps_far_out_take_no_memory(tmp_path: Path) -> None:
    run = run_of(written(tmp_path, "step,loss\n1,2.0\n9000000000000,1.0\n"))
    assert run.losses.size == 0
    assert run.metric("loss")[1].tolist() == [2.0, 1.0]


@pytest.mark.parametrize("name", ["kl_loss", "box_loss", "lr-Adam-momentum", "lossless", "", "µ", "gloss_factor"])
def test_names_without_a_role(name: str) -> None:
    assert role_of(name) is None
