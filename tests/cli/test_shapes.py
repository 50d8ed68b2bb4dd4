"""``tearless shapes``: an expression, files, or a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from .conftest import Call, Run


@pytest.mark.parametrize(
    ("text", "status"),
    [("A(100,50) @ B(50,30) + c(30)", 0), ("x(32,784) @ w(10,784)", 1), ("x(32,784", 2), ("nothing @ here", 2)],
)
def test_the_exit_status_of_an_expression(call: Call, text: str, status: int) -> None:
    found, out, err = call("shapes", text)
    assert found == status
    assert ("gives (100, 30)" in out) == (status == 0)
    assert ("w(10,784).T" in out) == (status == 1)
    assert bool(err) == (status == 2)


def test_a_refusal_keeps_its_caret(call: Call) -> None:
    _, _, err = call("shapes", "x(2,3) @ w")
    first, line, mark = err.rstrip("\n").split("\n")
    assert first.startswith("tearless: expression: `w` has no shape")
    assert line[mark.index("^")] == "w"


@pytest.mark.parametrize("shape", ["text", "json", "markdown", "github", "sarif", "junit", "html"])
def test_every_format(call: Call, shape: str) -> None:
    status, out, _ = call("shapes", "x(32,784) @ w(10,784)", "--format", shape)
    assert status == 1
    assert "784" in out
    assert shape != "json" or json.loads(out)["answer"]["blocks"][0]["lines"][0] == "x  (32, 784)"


def test_a_clash_may_pass(call: Call) -> None:
    assert call("shapes", "x(32,784) @ w(10,784)", "--fail-on", "never")[0] == 0
    assert call("shapes", "x(2,3,4).transpose(0,1)", "--library", "numpy")[0] == 1
    assert call("shapes", "x(2,3,4).transpose(0,1)", "--library", "torch")[0] == 0
    assert call("shapes", "x(2)", "--library", "excel")[0] == 2


def test_files_are_read_by_their_headers(call: Call, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((32, 784), np.float32))
    np.save(tmp_path / "w.npy", np.zeros((784, 10), np.float32))
    status, out, _ = call("shapes", str(tmp_path / "x.npy"), str(tmp_path / "w.npy"))
    assert status == 0
    assert "`x @ w` gives (32, 10)" in out
    status, _, err = call("shapes", "nothing.npy")
    assert status == 2
    assert "`nothing.npy`" in err
    (tmp_path / "out.html").write_text("")
    assert call("shapes", str(tmp_path / "x.npy"), "--output", str(tmp_path / "x.npy"))[0] == 2


def test_one_bad_file_among_several_is_named_and_the_others_are_listed(call: Call, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((32, 784), np.float32))
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    files = [str(tmp_path / name) for name in ("bad.npy", "x.npy", "absent.npy")]
    status, out, _ = call("shapes", *files, "--verbose")
    assert status == 2
    assert "(32, 784)" in out
    assert "2 files could not be read" in out
    flat = "".join(out.split())
    assert "bad.npy`,whichisnone" in flat
    assert "absent.npy`(Nosuchfileordirectory)" in flat
    assert call("shapes", files[1])[0] == 0


def test_files_that_do_not_chain(call: Call, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((32, 784), np.float32))
    np.save(tmp_path / "w.npy", np.zeros((783, 10), np.float32))
    files = (str(tmp_path / "x.npy"), str(tmp_path / "w.npy"))
    assert call("shapes", *files)[0] == 1
    assert call("shapes", *files, "--fail-on", "never")[0] == 0
    assert call("shapes", *files, "--format", "sarif")[0] == 1


def test_a_model_is_traced(call: Call, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("import torch\nNet = lambda: torch.nn.Linear(784, 10)\n")
    status, out, err = call("shapes", f"{tmp_path / 'net.py'}:Net", "--input", "32,784")
    assert status == 0, err
    assert "7,850" in out


def test_in_a_terminal_of_its_own(run: Run) -> None:
    done = run("shapes", "x(n,1,28,28) -> Conv2d(1,8,3) -> Flatten() -> Linear(4608,10)", COLUMNS="40")
    assert done.returncode == 1
    assert "Linear(5408,10)" in done.stdout.replace("\n", "").replace(" ", "")
