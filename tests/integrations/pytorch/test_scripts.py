"""``tearless watch SCRIPT`` is ``python SCRIPT``: output, exit status, arguments, names, imports and processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HOST = Path(__file__).with_name("host.py")


@dataclass
class Ended:
    status: int
    out: bytes
    err: bytes


Run = Callable[..., Ended]


@pytest.fixture(scope="module")
def host() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-P", str(HOST)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def tearless(host: subprocess.Popen[str], tmp_path: Path) -> Run:
    def run(*arguments: str, encoding: str = "utf-8") -> Ended:
        files = [tmp_path / f".{name}" for name in ("out", "err")]
        for file in files:
            file.unlink(missing_ok=True)
        places = {"folder": str(tmp_path), "out": str(files[0]), "err": str(files[1])}
        asked = {**places, "arguments": arguments, "encoding": encoding}
        assert host.stdin is not None
        assert host.stdout is not None
        host.stdin.write(json.dumps(asked) + "\n")
        host.stdin.flush()
        return Ended(int(host.stdout.readline()), *(file.read_bytes() for file in files))

    return run


def python(folder: Path, *arguments: str) -> Ended:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


SCRIPTS = {
    "names": "import sys\nprint(__name__, __file__, __package__, __spec__, __doc__, __builtins__.__name__)\n"
    "print(sys.argv, sys.modules['__main__'].__dict__ is globals(), sys.path[0], sorted(globals()))",
    "guard": "if __name__ == '__main__':\n    print('main')",
    "future": "import inspect\ndef f(x: 1 + 1): pass\nprint(f.__annotations__)",
    "docstring": "'''Said.'''\nprint(__doc__)",
    "beside": "import near\nprint(near.NAME, near.__file__)",
    "status": "import sys\nprint('before')\nsys.exit(7)",
    "status in words": "import sys\nsys.exit('what is wrong')",
    "status none": "import sys\nsys.exit()",
    "status below 0": "import sys\nsys.exit(-1)",
    "exception": "def f():\n    raise ValueError('no')\nf()",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
    "syntax": "print('a')\nfor",
    "interrupt": "print('here', flush=True)\nraise KeyboardInterrupt",
    "hook": "import sys\nsys.excepthook = lambda k, e, t: print('mine', k.__name__, e)\n1 / 0",
    "at exit": "import atexit\natexit.register(lambda: print('last', __name__))",
    "bytes": "import sys\nsys.stdout.buffer.write(bytes(range(256)))\nprint('é∑', end='')",
    "pickle": "import pickle\nclass A:\n    x = 1\nprint(pickle.loads(pickle.dumps(A())).x, A.__module__)",
    "data class": "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nprint(A(1), A.__annotations__)",
    "source": "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))",
    "system exit in a thread": "import threading\nt = threading.Thread(target=lambda: print('t'))\nt.start()\nt.join()",
    "cookie": "# -*- coding: latin-1 -*-\nprint('caf\xe9' == 'caf\\xe9')",
    "recursion": "def f(n):\n    return n and f(n - 1)\nprint(f(900))",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_what_it_was(name: str, tmp_path: Path, tearless: Run) -> None:
    (tmp_path / "near.py").write_text("NAME = __name__")
    (tmp_path / "script.py").write_bytes(SCRIPTS[name].encode("latin-1" if name == "cookie" else "utf-8"))
    bare = python(tmp_path, "script.py", "--record", "a b")
    seen = tearless("watch", "script.py", "--record", "a b")
    assert seen.out == bare.out
    if name == "interrupt":
        assert seen.status == 130
    else:
        assert seen.status == bare.status
    assert seen.err.startswith(bare.err.rstrip(b"^ \n"))


def test_what_the_output_cannot_hold_is_still_an_error(tmp_path: Path, tearless: Run) -> None:
    (tmp_path / "script.py").write_text("print('caf\\xe9')")
    seen = tearless("watch", "script.py", encoding="ascii")
    assert (seen.status, seen.out) == (1, b"")
    assert b"UnicodeEncodeError" in seen.err


def test_processes_that_are_spawned(tmp_path: Path, tearless: Run) -> None:
    """They import the script anew, under its own name, and find what it defines."""
    (tmp_path / "script.py").write_text(
        "import multiprocessing as mp, sys\n"
        "class Job:\n    def __call__(self, x):\n        return x * x, __name__\n"
        "if __name__ == '__main__':\n"
        "    with mp.get_context('spawn').Pool(1) as pool:\n        print(pool.map(Job(), [2, 3]), sys.argv)\n"
        "    q = mp.get_context('fork').Process(target=print, args=('child',))\n    q.start(); q.join()\n"
    )
    bare, seen = python(tmp_path, "script.py", "x"), tearless("watch", "script.py", "x")
    assert (seen.out, seen.status) == (bare.out, bare.status) != (b"", 0)


def test_modules(tmp_path: Path, tearless: Run) -> None:
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "near.py").write_text("NAME = __name__")
    text = (
        "import pickle, sys\nfrom . import near\nclass A:\n    x = 3\n"
        "print(__name__, __package__, __spec__.name, near.NAME, sys.argv[1:], sys.argv[0] == __file__)\n"
        "print(pickle.loads(pickle.dumps(A())).x, sys.path[0])\nif len(sys.argv) > 2:\n    sys.exit(5)\n"
    )
    (package / "__main__.py").write_text(text)
    (package / "train.py").write_text(text)
    for module, arguments in (("pack", ["1"]), ("pack.train", ["1", "2"])):
        bare, seen = python(tmp_path, "-m", module, *arguments), tearless("watch", "-m", module, *arguments)
        assert (seen.out, seen.status) == (bare.out, bare.status)
        assert bare.out


def test_what_cannot_be_run(tmp_path: Path, tearless: Run) -> None:
    for arguments, words in (
        (["watch", "nowhere.py"], b"expected a Python file, got `nowhere.py`"),
        (["watch", "-m", "nowhere"], b"expected the name of a module, got `nowhere`"),
        (["watch", "--budget", "0", "x.py"], b"budget: expected a share"),
        (["gradients", "nowhere.py"], b"expected a Python file, got `nowhere.py`"),
        (["gradients", "model.safetensors"], b"gradients are not stored in a saved model"),
        (["gradients", "nowhere:make"], b"there is no such module"),
    ):
        ended = tearless(*arguments)
        assert (ended.status, ended.out) == (2, b"")
        assert words in ended.err


TRAINS = """
import sys, torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
for step in range(20):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), x[:, :1])
    loss.backward()
    optimizer.step()
    print(step, loss.item())
    if step == 15 and "die" in sys.argv:
        raise RuntimeError("out of luck")
"""


def test_output_of_a_training_script(tmp_path: Path, tearless: Run) -> None:
    (tmp_path / "train.py").write_text(TRAINS)
    bare = python(tmp_path, "train.py")
    seen = tearless("watch", "--record", "run.record", "train.py")
    assert (seen.status, seen.out) == (0, bare.out)
    assert b"20 optimiser steps" in seen.err
    assert (tmp_path / "run.record").stat().st_size


def test_a_record_that_cannot_be_written(tmp_path: Path, tearless: Run) -> None:
    """A full disk is told of; the run and the report go on."""
    (tmp_path / "train.py").write_text(TRAINS)
    seen = tearless("watch", "--record", "/dev/full", "train.py", "die")
    assert seen.status == 1
    assert b"the record cannot be written (No space left on device)" in seen.err
    assert seen.err.count(b"cannot be written") == 1
    assert b"RuntimeError: out of luck" in seen.err
    assert b"16 optimiser steps" in seen.err
    assert seen.out.count(b"\n") == 16


def test_gradients_of_a_script(tmp_path: Path, tearless: Run) -> None:
    (tmp_path / "train.py").write_text(TRAINS)
    seen = tearless("gradients", "--format", "json", "train.py")
    table = json.loads(seen.out[seen.out.index(b"{") :])
    assert [layer["name"] for layer in table["layers"]] == ["0", "2"]
    assert abs(table["total"] ** 2 - sum(layer["gradient"] ** 2 for layer in table["layers"])) < 1e-9
    assert all(layer["update"] > 0 for layer in table["layers"])
    assert (seen.status, table["step"]) == (0, 4)


def test_gradients_of_a_script_without_steps(tmp_path: Path, tearless: Run) -> None:
    (tmp_path / "train.py").write_text("print('nothing')")
    seen = tearless("gradients", "train.py")
    assert (seen.status, seen.out) == (2, b"nothing\n")
    assert b"made none" in seen.err
    (tmp_path / "train.py").write_text("raise SystemExit(4)")
    assert tearless("gradients", "train.py").status == 4


def test_gradients_of_a_factory(tmp_path: Path, tearless: Run) -> None:
    (tmp_path / "made.py").write_text(
        "import torch\n\ndef pair():\n    model = torch.nn.Linear(3, 1, bias=False)\n"
        "    return model, model(torch.tensor([[1.0, 2.0, 2.0]])).sum()\n\n"
        "def bare():\n    return torch.nn.Linear(3, 1)\n\nNUMBER = 3\n"
    )
    seen = tearless("gradients", "made:pair")
    assert "gradient norm 3" in seen.out.decode()
    assert b"whose parameters have none" in tearless("gradients", "made:bare").err
    assert b"expected a function after the colon" in tearless("gradients", "made:NUMBER").err
