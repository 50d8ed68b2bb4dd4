"""Exit status and messages: what a script and a person can rely on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from .conftest import Call, Run, environment


@pytest.mark.parametrize(
    ("arguments", "rows", "said"),
    [
        (["compare"], "seed,a,b\n0,0.8,0.9\n", "one run of each model does not show"),
        (["compare"], "fold,a,b\n0,0.8,0.9\n", "one fold does not show"),
        (["compare", "--looks", "3"], "fold,a,b\n0,0.7,0.8\n1,0.8,0.8\n2,0.6,0.9\n", "looks along the way"),
        (["calibrate"], "truth,p\n,0.3\n,0.5\n", "no row has truth and probability"),
    ],
)
def test_what_cannot_be_told_is_one_message_and_status_2(
    call: Call, tmp_path: Path, arguments: list[str], rows: str, said: str
) -> None:
    (tmp_path / "rows.csv").write_text(rows, encoding="utf-8")
    status, out, err = call(*arguments, "rows.csv")
    assert (status, out) == (2, "")
    assert err.startswith(f"tearless: {said}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(("fail_on", "status"), [("error", 0), ("warning", 1), ("never", 0)])
def test_status_follows_fail_on(call: Call, table: str, fail_on: str, status: int) -> None:
    ended, out, err = call("check", table, "--select", "constant-column", "--fail-on", fail_on)
    assert ended == status
    assert out.startswith("warning  statistics/constant-column  `year` holds one value")
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "TABLE", "--target", "yaer"], "did you mean `year`?"),
        (["check", "TABLE", "--select", "constant-colunm"], "did you mean constant-column"),
        (["check", "TABLE", "--seed", "-1"], "seed: expected a whole number"),
        (["check", "TABLE", "--seed", "x"], "--seed"),
        (["check", "TABLE", "--format", "yaml"], "--format"),
        (["check", "TABLE", "--no-such-option"], "--no-such-option"),
        (["check", "TABLE", "--output", "."], "--output: expected a file"),
        (["check", "TABLE", "--output", "no/such/folder/x"], "does not exist"),
        (["check", "TABLE", "--output", "TABLE"], "--output: expected another file than the table, got `train.csv`"),
        (["check", "TABLE", "--output", "TABLE/x"], "is no folder"),
        (["check", "TABLE", "--output", ""], "--output: expected the path of a file"),
        (["check", "TABLE", "--output", "n" * 300], "--output: cannot write `nnn"),
        (["check", "TABLE", "--select", ","], "select: expected names of checks or pillars"),
        (["check", "TABLE", "--select", "no|such`check"], "select: expected the name of a check, got `no|suchʼcheck`"),
        (
            ["check", "TABLE", "--select", "drift", "--ignore", "drift"],
            "ignore: expected at least one check to be left",
        ),
        (["check"], "FILE"),
        (["explain", "constant-colunm"], "did you mean constant-column"),
        (["chekc", "TABLE"], "check"),
        ([], "Usage: tearless"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_is_one_message_and_status_2(call: Call, table: str, arguments: list[str], said: str) -> None:
    status, out, err = call(*[a.replace("TABLE", table) for a in arguments])
    assert status == 2
    assert said in err
    assert "Traceback" not in err
    assert out == ""


def test_a_fault_in_a_check_is_status_3_and_the_rest_is_reported(
    run: Run, table: str, added: Callable[..., str]
) -> None:
    site = added(broken_check="raise ValueError('no such \\x1b[31m thing')")
    ran = run("check", table, "--select", "constant-column,broken-check", PYTHONPATH=site)
    assert ran.returncode == 3
    assert "statistics/constant-column" in ran.stdout
    assert "broken-check: the check itself failed: ValueError" in " ".join(ran.stdout.split())
    assert "internal fault in the check statistics/broken-check (tearless 0." in ran.stderr
    assert ran.stderr.rstrip().endswith("ValueError: no such \\x1b[31m thing")


def test_ctrl_c_prints_what_was_found_and_is_status_130(tmp_path: Path, table: str, added: Callable[..., str]) -> None:
    site = added(zz_slow="Path('started').touch(); time.sleep(60)")
    command = [sys.executable, "-m", "tearless", "check", table, "--select", "constant-column,zz-slow"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PYTHONPATH=site),
        cwd=tmp_path,
    ) as process:
        until = time.monotonic() + 60
        while not (tmp_path / "started").exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.startswith("stopped by Ctrl-C: ")
    assert "statistics/constant-column" in out
    assert err == "tearless: stopped by Ctrl-C\n"


def test_ctrl_c_that_a_library_turns_into_an_error_is_no_fault(run: Run, tmp_path: Path) -> None:
    """As an import that is cut short: the error is the library's, the cause is the user's."""
    site = tmp_path / "site"
    site.mkdir()
    broken = "import signal\ntry:\n    signal.raise_signal(signal.SIGINT)\nexcept KeyboardInterrupt:\n    pass\n"
    (site / "polars.py").write_text(f"{broken}raise RuntimeError('half an import')\n")
    ran = run("check", "any.csv", PYTHONPATH=str(site))
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "tearless: stopped by Ctrl-C\n")


@pytest.mark.parametrize("arguments", [["catalogue"], ["check", "TABLE", "--select", "constant-column"], ["--help"]])
def test_a_closed_pipe_is_quiet(tmp_path: Path, table: str, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tearless", *(table if a == "TABLE" else a for a in arguments)]
    try:
        ran = subprocess.run(
            command, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment(), cwd=tmp_path, check=False
        )
    finally:
        os.close(writer)
    assert ran.stderr == ""
    assert ran.returncode in (141, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said(tmp_path: Path, table: str) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "tearless", "check", table, "--select", "constant-column"]
        ran = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), cwd=tmp_path, check=False
        )
    assert ran.returncode == 2
    assert ran.stderr == "tearless: standard output: cannot be written: No space left on device; send it elsewhere\n"


def test_no_report_replaces_a_table_that_was_read(call: Call, tmp_path: Path, table: str) -> None:
    """The table itself, a link to it, the test table, and a file of a folder that is the table."""
    before = (tmp_path / table).read_bytes()
    (tmp_path / "link.csv").symlink_to(table)
    (tmp_path / "test.csv").write_bytes(before)
    pl.read_csv(tmp_path / table).write_parquet(tmp_path / "folder" / "part.parquet", mkdir=True)
    for arguments in (
        [table, "--output", table],
        [table, "--output", "link.csv"],
        ["link.csv", "--output", table],
        [table, "--test", "test.csv", "--output", "test.csv"],
        ["folder", "--output", "folder/part.parquet"],
    ):
        status, out, err = call("check", *arguments)
        assert (status, out) == (2, ""), arguments
        assert "--output: expected another file than the table" in err
    assert (tmp_path / table).read_bytes() == (tmp_path / "test.csv").read_bytes() == before
    assert call("check", table, "--select", "constant-column", "--output", "new.csv")[0] == 0, "another file is fine"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written_is_refused_before_the_work(call: Call, tmp_path: Path, table: str) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    status, out, err = call("check", table, "--output", "closed/report.txt")
    assert (status, out) == (2, "")
    assert "Permission denied" in err


def test_two_that_write_one_output_leave_one_whole_report(tmp_path: Path, table: str) -> None:
    only = ["--select", "constant-column"]
    command = [sys.executable, "-m", "tearless", "check", table, "--concise", *only, "--output", "both.txt"]
    running = [subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert (tmp_path / "both.txt").read_text().count("statistics/constant-column") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["both.txt", "train.csv"]


def test_output_is_written_whole_and_nothing_else(call: Call, tmp_path: Path, table: str) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    target.chmod(0o640)
    done = call("check", table, "--format", "json", "--output", "report.json", "--select", "constant-column")
    assert done == (0, "", "tearless: 1 warning; the report is in report.json\n")
    assert json.loads(target.read_text())["counts"]["warning"] == 1
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.json", "train.csv"]


def test_output_follows_a_link_and_spares_what_is_no_file(
    call: Call, tmp_path: Path, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    assert call("check", table, "--concise", "--output", "link.txt")[0] == 0
    assert (tmp_path / "link.txt").is_symlink()
    text = (tmp_path / "real.txt").read_text()
    assert text.startswith("warning  ")
    assert "\x1b" not in text, "a file is not coloured"
    assert call("check", table, "--output", "/dev/null")[0] == 0
    assert not Path("/dev/null").is_file()
