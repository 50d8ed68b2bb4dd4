"""Terminals of every kind: colours, widths, consoles that cannot show what is said."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from tearless.cli.progress import Progress
from tearless.cli.streams import LOOK_ALIKES, prepared

from .conftest import Call, Run, environment


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "", "NO_COLOR": ""}, False),
    ],
)
def test_a_pipe_has_colour_only_where_it_is_forced(
    call: Call, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in call("catalogue")[1]) == coloured


ONE = "slow-check"


def on_terminal(tmp_path: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run the command with both its streams on a terminal; its status and what the terminal got."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tearless", *arguments]
    env = environment(TERM="xterm") | variables
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=tmp_path) as process:
        os.close(theirs)
        got = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            got += part
    os.close(ours)
    return process.returncode, got.decode()


def test_a_terminal_has_colour_unless_it_is_refused(tmp_path: Path) -> None:
    assert "\x1b[1m" in on_terminal(tmp_path, "catalogue")[1]
    assert "\x1b" not in on_terminal(tmp_path, "catalogue", NO_COLOR="1")[1]
    assert "\x1b" not in on_terminal(tmp_path, "catalogue", TERM="dumb")[1]


def test_progress_shows_on_a_terminal_after_a_second_and_goes_away(
    tmp_path: Path, table: str, added: Callable[..., str]
) -> None:
    site = added(slow_check="time.sleep(1.6)")
    _, got = on_terminal(tmp_path, "check", table, "--select", ONE, PYTHONPATH=site, NO_COLOR="1")
    assert "\r\x1b[2Kchecking slow-check (" in got
    assert "\r\x1b[2Kerror  statistics/slow-check" in got, "the line is removed before the report"


def test_quick_work_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with Progress() as progress:
            progress("reading", 12)
        os.set_blocking(ours, False)
        with pytest.raises(BlockingIOError):
            os.read(ours, 1)
    os.close(ours)


@pytest.mark.parametrize("columns", ["40", "80"])
@pytest.mark.parametrize(
    "arguments", [["catalogue"], ["explain", "constant-column"], ["check", "T"], ["describe", "T"]]
)
def test_nothing_is_wider_than_the_terminal(
    call: Call, monkeypatch: pytest.MonkeyPatch, table: str, columns: str, arguments: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = call(*[table if a == "T" else a for a in arguments])
    assert out
    assert max(map(cell_len, out.splitlines())) <= int(columns)


@pytest.mark.parametrize(
    ("encoding", "arguments"),
    [
        ("ascii", ["explain", "unscaled-columns"]),
        ("ascii", ["check", "t.csv", "--select", "constant-column"]),
        ("cp1252", ["check", "t.csv", "--select", "constant-column"]),
        ("cp437", ["describe", "t.csv"]),
    ],
)
def test_any_console_can_show_it(tmp_path: Path, encoding: str, arguments: list[str]) -> None:
    (tmp_path / "t.csv").write_text("größe🎉,b\n" + "1,2\n" * 30, encoding="utf-8")
    command = [sys.executable, "-m", "tearless", *arguments]
    env = environment(PYTHONIOENCODING=encoding)
    ran = subprocess.run(command, capture_output=True, env=env, cwd=tmp_path, check=False)
    assert ran.returncode in (0, 1), ran.stderr
    assert ran.stderr == b""
    said = ran.stdout.decode(encoding)
    assert said
    if encoding == "ascii":
        spelt = ("X^TX/n", "sigma^2") if arguments[0] == "explain" else ("`grosse\\U0001f389`",)
        assert all(words in said for words in spelt)


def test_a_c_locale_without_utf8_can_show_it(run: Run) -> None:
    ran = run("explain", "unscaled-columns", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert ran.returncode == 0
    assert ran.stdout.isascii()


def test_look_alikes_are_ascii_and_letters_lose_only_their_accents() -> None:
    prepared()
    assert all(text.isascii() for text in LOOK_ALIKES.values())
    said = "Pébay, Šidák: κ ≥ σ², λ → ½ ‖x‖ 数 🎉".encode("ascii", "tearless").decode()
    assert said == "Pebay, Sidak: kappa >= sigma^2, lambda -> 1/2 ||x|| \\u6570 \\U0001f389"
