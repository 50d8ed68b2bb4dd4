"""What ``tearless.check`` makes of its arguments: right ones in any form, wrong ones refused by name."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tearless
from tearless import FoundProblems, InputError, Severity

TABLE = {"a": [1, 1, 1, 1] * 10, "b": [1.0, 2.0, 3.0, 5.0] * 10}
HALF = "\ud800"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"target": 3}, "target: expected the name of a column, as text, got `3`"),
        ({"target": ["a"]}, "target: expected the name of a column"),
        ({"target": ""}, "target: expected a column of the table, got ``"),
        ({"select": 3}, "select: expected names of checks or pillars, got `3`"),
        ({"select": None}, "select: expected names of checks or pillars"),
        ({"select": [""]}, "select: expected names of checks or pillars"),
        ({"ignore": [3]}, "ignore: expected names of checks or pillars"),
        ({"ignore": "no-such"}, "ignore: expected the name of a check, got `no-such`"),
        ({"select": "drift", "ignore": "drift"}, "ignore: expected at least one check to be left"),
        ({"seed": 1.5}, "seed: expected a whole number"),
        ({"seed": True}, "seed: expected a whole number"),
        ({"seed": "x" * 100_000}, "seed: expected a whole number"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named_in_a_short_message(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refusal:
        tearless.check(TABLE, **wrong)
    assert str(refusal.value).startswith(said)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("null", [[3], None, 7])
def test_words_for_missing_are_texts(null: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x\n1\nNA\n")
    with pytest.raises(InputError, match="null: expected words"):
        tearless.describe(tmp_path / "t.csv", null=null)


def test_one_word_for_missing_is_one_word_not_its_letters(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,N\n2,A\n3,NA\n")
    described = tearless.describe(tmp_path / "t.csv", null="NA")
    assert described["y"].null == 1


@pytest.mark.parametrize("select", ["constant-column", {"constant-column"}, (x for x in ["constant-column"])])
def test_names_come_in_any_form(select: Any) -> None:
    report = tearless.check(TABLE, select=select)
    assert [(f.name, f.subject) for f in report.findings] == [("constant-column", ("a",))]


def test_a_seed_of_numpy_is_a_seed() -> None:
    assert tearless.check(TABLE, seed=np.int64(7)).to_json() == tearless.check(TABLE, seed=7).to_json()


def test_half_characters_are_words_in_every_format() -> None:
    report = tearless.check({f"{HALF}|`": [f"{HALF}x"] * 40, "b": range(40)}, target=f"{HALF}|`")
    assert report.target == "\\ud800|`"
    shapes = ("to_text", "to_json", "to_markdown", "to_github", "to_sarif", "to_junit", "to_html", "_repr_html_")
    for shape in shapes:
        getattr(report, shape)().encode("utf-8")


def test_one_line_in_a_test_names_what_was_found() -> None:
    report = tearless.check(TABLE, select="constant-column")
    report.raise_for("error")
    for least in ("warning", Severity.warning):
        with pytest.raises(FoundProblems, match=r"^1 finding at or above warning in a dict of columns:\n  warning  "):
            report.raise_for(least)


def test_two_threads_say_what_one_says() -> None:
    def once(_: int) -> str:
        return tearless.check(EXAMPLES / "longley.csv").to_json()

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(once, range(4))) == {once(0)}


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = "import sys, tearless; sys.stdout.write(tearless.check(sys.argv[1], target='survived').to_json())"
    prints = set()
    for seed in ("0", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", code, str(EXAMPLES / "titanic.csv")]
        ran = subprocess.run(command, capture_output=True, env=environment, check=True)
        prints.add(hashlib.sha256(ran.stdout).hexdigest())
    assert len(prints) == 1


def test_laws_refuse_to_pass_where_assertions_are_removed() -> None:
    code = "from tearless.testing import LAWS, checks, obey; obey(checks('tearless.statistics.checks')[0], LAWS[0])"
    ran = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "RuntimeError: python -O removes the assertions" in ran.stderr


def test_pages_are_whole_without_docstrings() -> None:
    pages = [
        subprocess.run([sys.executable, *option, "-m", "tearless", "explain", "target-leak"], capture_output=True)
        for option in ([], ["-OO"])
    ]
    assert pages[0].stdout == pages[1].stdout
    assert b"The mathematics" in pages[0].stdout
