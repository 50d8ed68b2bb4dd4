"""``tearless run SCRIPT`` is ``python SCRIPT``, and the explanation of the error that ended it follows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import Run, environment

CLASH = """
import sys, numpy as np

def layer(x, w):
    return np.tanh(x @ w)

if __name__ == "__main__":
    print(sys.argv)
    layer(np.ones((32, 784)), np.ones((10, 784)))
"""
SCRIPTS = {
    "clash": CLASH,
    "names": "import sys\nprint(__name__, __file__, sys.argv, sys.path[0], sorted(globals()))",
    "status": "import sys\nprint('before')\nsys.exit(7)",
    "status in words": "import sys\nsys.exit('what is wrong')",
    "exception": "def f():\n    raise ValueError('no')\nf()",
    "chained": "import numpy as n\ntry:\n    n.ones(3) @ n.ones(4)\nexcept ValueError as e:\n    raise KeyError from e",
    "caught": "import numpy as np\ntry:\n    np.ones(3) @ np.ones(4)\nexcept ValueError as e:\n    print(e)",
    "syntax": "print('a')\nfor",
    "hook": "import sys\nsys.excepthook = lambda k, e, t: print('mine', k.__name__, e)\n1 / 0",
    "at exit": "import atexit\natexit.register(lambda: print('last', __name__))",
    "interrupt": "print('here', flush=True)\nraise KeyboardInterrupt",
}


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False, env=environment()
    )


LOOKED_AT = ("clash", "chained", "interrupt", "names")


@pytest.mark.parametrize(
    ("name", "options"), [*((name, ()) for name in SCRIPTS), *((name, ("--silent-too",)) for name in LOOKED_AT)]
)
def test_a_script_is_what_it_was(name: str, options: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPTS[name])
    bare, seen = python(tmp_path, "script.py", "--json", "a b"), run("run", *options, "script.py", "--json", "a b")
    assert seen.stdout == bare.stdout
    assert seen.returncode == (130 if name == "interrupt" else bare.returncode)
    assert seen.stderr.startswith(bare.stderr.rstrip("^ \n"))
    if not options and name not in ("clash", "chained", "interrupt"):
        assert seen.stderr == bare.stderr


def test_the_explanation_follows_the_traceback(run: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(CLASH)
    bare, seen = python(tmp_path, "script.py"), run("run", "script.py")
    said = seen.stderr.removeprefix(bare.stderr)
    assert said.startswith("\nshape clash: ")
    for part in ("x  (32, 784)", "w  (10, 784)", "^^^", "w.T"):
        assert part in said


def test_what_the_script_explained_itself_is_not_said_again(run: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import numpy as np, tearless\nwith tearless.shapes():\n    np.ones(3) @ np.ones(4)\n"
    )
    bare, seen = python(tmp_path, "script.py"), run("run", "--json", "r.json", "script.py")
    assert bare.stderr.count("shape clash") == 1
    assert seen.stderr == bare.stderr
    assert [one["check"] for one in _findings(tmp_path / "r.json")] == ["linear-algebra/shape-clash"]


def _findings(file: Path) -> list[dict[str, str]]:
    report = json.loads(file.read_text())
    return [{"check": f"{one['pillar']}/{one['name']}", **one} for one in report["findings"]]


def test_the_report_is_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(CLASH)
    seen = run("run", "--json", "r.json", "--html", "r.html", "script.py", "1")
    assert (seen.returncode, seen.stdout) == (1, "['script.py', '1']\n")
    (found,) = _findings(tmp_path / "r.json")
    assert found["check"] == "linear-algebra/shape-clash"
    assert "x @ w" in json.dumps(found)
    assert "shape-clash" in (tmp_path / "r.html").read_text()


def test_errors_of_threads_are_explained_below_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import threading, numpy as np\n"
        "def work(a, b):\n    return a @ b\n"
        "t = threading.Thread(target=work, args=(np.ones(3), np.ones(4)))\nt.start()\nt.join()\nprint('goes on')\n"
    )
    seen = run("run", "--json", "r.json", "script.py")
    assert (seen.returncode, seen.stdout) == (0, "goes on\n")
    assert seen.stderr.startswith("Exception in thread Thread-1 (work):\nTraceback")
    assert "\n\nshape clash: a (3,)" in seen.stderr
    assert len(_findings(tmp_path / "r.json")) == 1


def test_a_module_is_run_as_python_runs_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").touch()
    (tmp_path / "pack" / "train.py").write_text(CLASH.replace("sys.argv", "sys.argv[1:], __package__"))
    bare, seen = python(tmp_path, "-m", "pack.train", "1"), run("run", "-m", "pack.train", "1")
    assert (seen.stdout, seen.returncode) == (bare.stdout, bare.returncode) == ("['1'] pack\n", 1)
    assert seen.stderr.count("shape clash: ") == 1


def test_optimised_python_explains_too(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(CLASH)
    for option in ("-O", "-OO", "-Xfrozen_modules=on", "-Xfrozen_modules=off"):
        seen = python(tmp_path, option, "-m", "tearless", "run", "script.py")
        assert seen.stderr.count("shape clash: ") == 1, option


def test_what_goes_through_is_reported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import numpy as np\npred, y = np.ones((6, 1)), np.ones(6)\nprint(((pred - y) ** 2).mean())\n"
    )
    seen = run("run", "--silent-too", "--json", "r.json", "script.py")
    assert (seen.returncode, seen.stdout) == (0, "0.0\n")
    assert "pred - y" in seen.stderr
    (found,) = _findings(tmp_path / "r.json")
    assert found["check"] == "linear-algebra/accidental-broadcast"
    assert run("run", "script.py").stderr == ""


def test_ctrl_c_ends_it_as_it_ends_python(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import time\nprint('here', flush=True)\nwhile True:\n    time.sleep(0.01)\n")
    for options in ((), ("--silent-too",)):
        command = [sys.executable, "-m", "tearless", "run", *options, "script.py"]
        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == "here\n"
            time.sleep(0.1)
            os.kill(process.pid, signal.SIGINT)
            said = process.stderr.read()
        assert process.returncode == 130
        assert "KeyboardInterrupt" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.py"], "expected a Python file, got `nowhere.py`"),
        (["-m", "nowhere"], "expected the name of a module, got `nowhere`"),
        (["--json", "no/where.json", "x.py"], "--json: expected a file in a folder"),
        (["--html", ".", "x.py"], "--html: expected a file, got the folder"),
        ([], "Missing argument 'SCRIPT [ARGS]...'"),
    ],
)
def test_what_cannot_be_run(arguments: list[str], words: str, run: Run) -> None:
    ended = run("run", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr
