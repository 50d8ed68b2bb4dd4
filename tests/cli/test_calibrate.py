"""``tearless calibrate`` as a command: widths, formats, hostile names, files kept and applied, exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.cells import cell_len
from scipy.special import expit

from .conftest import Call

ESCAPE = "\x1b"
HOSTILE = "a\x1b[31m`|<script>\u202e\n=cmd()"


@pytest.fixture
def predictions(tmp_path: Path) -> str:
    """A file of over-confident predictions of two classes."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=1_000)
    y = np.where(rng.random(1_000) < expit(z), "yes", "no")
    pl.DataFrame({"id": range(1_000), "y_true": y, "y_prob": expit(1.5 * z)}).write_csv(tmp_path / "p.csv")
    return "p.csv"


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    """Predictions of three classes with names that would steer a terminal, a page or a spreadsheet."""
    rng = np.random.default_rng(0)
    names = [HOSTILE, "b" * 300, "{c} % \x07"]
    p = rng.dirichlet([1, 1, 1], 300)
    table = {f"prob_{name}": p[:, i] for i, name in enumerate(names)}
    pl.DataFrame({"truth": np.array(names)[rng.integers(0, 3, 300)], **table}).write_parquet(tmp_path / "h.parquet")
    return "h.parquet"


def test_the_answer_and_the_status(call: Call, predictions: str) -> None:
    status, out, err = call("calibrate", predictions)
    assert (status, err) == (0, "")
    assert out.startswith("over-confident: where `yes` is given ")
    assert "Mendings, each judged on rows that it was not fitted to" in out
    assert "warning  probability/overconfident" in out
    assert call("calibrate", predictions, "--fail-on", "warning")[0] == 1


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_every_line_fits(call: Call, predictions: str, hostile: str, width: str) -> None:
    for file in (predictions, hostile):
        status, out, err = call("calibrate", file, "--verbose", "--among", "100", COLUMNS=width)
        assert status in (0, 1), err
        assert max(map(cell_len, out.splitlines())) <= int(width)


def test_colour_only_where_it_is_wanted(call: Call, predictions: str) -> None:
    assert ESCAPE not in call("calibrate", predictions, NO_COLOR="1")[1]
    assert ESCAPE in call("calibrate", predictions, FORCE_COLOR="1")[1]


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "sarif", "junit", "html"])
def test_hostile_names_are_inert_in_every_format(call: Call, hostile: str, form: str) -> None:
    status, out, err = call("calibrate", hostile, "--format", form, "--fail-on", "never")
    assert (status, err) == (0, "")
    assert ESCAPE not in out
    assert "\u202e" not in out
    if form == "html":
        assert "<script>" not in out.replace("&lt;script&gt;", "")
    if form == "json":
        assert json.loads(out)["answer"]["numbers"]["rows"]["value"] == 300


def test_kept_and_applied(call: Call, predictions: str, tmp_path: Path) -> None:
    status, out, _ = call("calibrate", predictions, "--save", "kept.json")
    assert status == 0
    assert "is kept in kept.json" in out
    status, out, _ = call("calibrate", predictions, "--apply", "kept.json")
    given, made = pl.read_csv(tmp_path / predictions), pl.read_csv(out.encode())
    assert status == 0
    assert made.columns == [*given.columns, "calibrated probability of yes"]
    assert made[made.columns[:3]].equals(given)
    status, out, err = call("calibrate", predictions, "--apply", "kept.json", "--output", "new.csv")
    assert (status, out) == (0, "")
    assert "1,000 rows with calibrated probabilities are in new.csv" in err
    assert pl.read_csv(tmp_path / "new.csv").equals(made)


def test_hostile_names_are_kept_and_applied(call: Call, hostile: str, tmp_path: Path) -> None:
    assert call("calibrate", hostile, "--save", "k.json", "--method", "temperature", "--fail-on", "never")[0] == 0
    status, out, _ = call("calibrate", hostile, "--apply", "k.json", "--output", "new.csv")
    assert (status, out) == (0, "")
    assert pl.read_csv(tmp_path / "new.csv").width == 7


def test_every_question_at_once(call: Call, predictions: str, tmp_path: Path) -> None:
    pl.read_csv(tmp_path / predictions).drop("y_true").head(200).write_csv(tmp_path / "new.csv")
    asked = ("--among", "10000", "--at", "0.95", "--prevalence", "0.01", "--coverage", "0.9", "--new", "new.csv")
    status, out, _ = call("calibrate", predictions, *asked)
    assert status == 0
    for said in ("of 10,000 answers given 95 %, expect ", "are `yes`", "sets of ", "shares in the 200 new rows"):
        assert said in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.csv",), "none.csv"),
        (("p.csv", "--probability", "id"), "--probability: expected probabilities from 0 to 1, got 0 to 999"),
        (("p.csv", "--truth", "y"), "--truth: expected a column"),
        (("p.csv", "--apply", "p.csv"), "expected a calibrator"),
        (("p.csv", "--save", "p.csv"), "p.csv"),
        (("p.csv", "--at", "95"), "95 % is 0.95"),
        (("p.csv", "--by", "size"), "--by"),
        (("p.csv", "--new", "none.csv"), "none.csv"),
    ],
)
def test_unusable_input(call: Call, predictions: str, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = call("calibrate", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_check_recognises_predictions(call: Call, predictions: str) -> None:
    status, out, _ = call("check", predictions)
    assert status == 0
    assert "probability/overconfident" in out
    assert "checked as predictions (--as table checks it as a table)" in " ".join(out.split())
    assert "overconfident" not in call("check", predictions, "--as", "table")[1]
