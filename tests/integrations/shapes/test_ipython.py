"""``%load_ext tearless`` in a real IPython shell: its traceback is its own, the explanation follows it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BEFORE = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell(colors="nocolor")
def cell(text):
    return shell.run_cell(text)
cell("import numpy as np\\ndef layer(x, w):\\n    return x @ w")
"""
CLASH = 'cell("layer(np.ones((32, 784)), np.ones((10, 784)))")\n'


def shell(tmp_path: Path, *cells: str) -> tuple[str, str]:
    script = tmp_path / "script.py"
    script.write_text(BEFORE + "\n".join(cells))
    command = [sys.executable, "-W", "error::DeprecationWarning:tearless", str(script)]
    environment = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython"), "PATH": "", "COLUMNS": "80"}
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return ended.stdout, ended.stderr


LOAD = 'shell.run_line_magic("load_ext", "tearless")\n'


def test_the_explanation_follows_the_shells_own_traceback(tmp_path: Path) -> None:
    bare, loaded = shell(tmp_path, CLASH), shell(tmp_path, LOAD, CLASH)
    assert loaded[0] == bare[0]
    assert "ValueError" in bare[0]
    assert "matmul" in bare[0]
    assert bare[1] == ""
    assert loaded[1].startswith("\nshape clash: x (32, 784)")
    assert loaded[1].count("shape clash") == 1


def test_other_errors_and_cells_that_pass_stay_as_they_are(tmp_path: Path) -> None:
    cells = ('cell("1 / 0")', 'cell("1 +")', 'cell("print(np.ones(3) @ np.ones(3))")', 'cell("%nothing")')
    assert shell(tmp_path, *cells) == shell(tmp_path, LOAD, *cells)


def test_loaded_twice_it_is_said_once_and_unloaded_no_more(tmp_path: Path) -> None:
    again = 'shell.run_line_magic("reload_ext", "tearless")\n'
    away = 'shell.run_line_magic("unload_ext", "tearless")\n'
    assert shell(tmp_path, LOAD, again, CLASH)[1].count("shape clash") == 1
    assert shell(tmp_path, LOAD, CLASH, away, CLASH)[1].count("shape clash") == 1


def test_cells_in_cells_and_blocks_in_cells(tmp_path: Path) -> None:
    watched = 'shell.run_cell_magic("watch", "--no-confirm", "layer(np.ones(3), np.ones(4))")\n'
    assert shell(tmp_path, LOAD, watched)[1].count("shape clash") == 1
    block = 'cell("import tearless\\nwith tearless.shapes():\\n    layer(np.ones(3), np.ones(4))")\n'
    out, err = shell(tmp_path, LOAD, block)
    assert (out + err).count("shape clash") == 1


def test_what_goes_through_in_a_cell(tmp_path: Path) -> None:
    block = (
        'cell("import tearless\\nwith tearless.shapes(silent=True):\\n'
        '    loss = ((np.ones((6, 1)) - np.ones(6)) ** 2).mean()")\n'
    )
    _, err = shell(tmp_path, block)
    assert "accidental-broadcast" in err
