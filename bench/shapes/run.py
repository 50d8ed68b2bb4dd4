"""How many failing snippets are explained: operands and axes named, and the first repair run; what others say.

    python bench/shapes/run.py [--clarify PYTHON] [part of a name ...]

``--clarify`` names a Python that has TensorSensor installed, whose word on the same snippets is taken in a process of
its own. A message counts as naming operands where each of their names stands in it as a word, and as naming sizes where
those of all clashing axes do: a reader would still have to find the axes. A repair counts where the edit, made in the
file, lets the same code run to its end.
"""

from __future__ import annotations

import argparse
import json
import linecache
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snippets import SNIPPETS, Snippet
from tearless.integrations.shapes.explain import explained

from tearless.linear_algebra.shapes import Edit, Explanation

CLARIFY = """
import json, sys
import tsensor
def main(path):
    source = open(path).read()
    try:
        with tsensor.clarify(show=None):
            exec(compile(source, path, "exec"), {"__name__": "__main__"})
    except BaseException as error:
        return str(error)
    return ""
print(json.dumps([main(path) for path in sys.argv[1:]]))
"""


@dataclass
class Said:
    """What is right about one snippet."""

    operands: bool = False
    axes: bool = False
    repair: bool = False
    text: str = ""


def raised(source: str, path: Path) -> BaseException | None:
    """What the source raises when it is run; None where it runs."""
    path.write_text(source, encoding="utf-8")
    linecache.checkcache(str(path))
    try:
        exec(compile(source, str(path), "exec"), {"__name__": "__main__"})  # noqa: S102
    except Exception as error:  # noqa: BLE001 - whatever a snippet raises is what is looked at
        return error
    return None


def judged(snippet: Snippet, path: Path) -> tuple[Said, str]:
    """What tearless says of a snippet, and the plain message."""
    error = raised(snippet.source, path)
    if error is None:
        raise SystemExit(f"{snippet.name}: it runs")
    found = explained(error)
    message = str(error)
    if found is None:
        return Said(), message
    said = Said(*named(snippet, found), text=found.to_text(80))
    if found.edits and found.edits[0]:
        said.repair = raised(edited(snippet.source, found.edits[0]), path) is None
    return said, message


def named(snippet: Snippet, found: Explanation) -> tuple[bool, bool]:
    """Whether the operands are named, and whether just the clashing axes are marked."""
    operation = found.clash.operation
    names = [one.name for one in operation.operands] if operation else []
    marks = {(_plain(names[operand]), axis) for operand, axis in found.clash.marks if operand < len(names)}
    mine = all(any(_plain(want) in _plain(name) for name in names) or want == found.layer for want in snippet.named)
    wanted = {(_plain(name), axis) for name, axis in snippet.axes}
    return mine and found.clash.kind == snippet.kind, wanted <= marks or not wanted


def edited(source: str, edit: Edit) -> str:
    """The source with an edit made."""
    lines = source.splitlines(keepends=True)
    first, last = edit.where.line - 1, (edit.where.end_line or edit.where.line) - 1
    head, tail = lines[first][: edit.where.column], lines[last][edit.where.end_column :]
    return "".join([*lines[:first], head + edit.new + tail, *lines[last + 1 :]])


def in_words(snippet: Snippet, message: str, shapes: dict[str, Any]) -> Said:
    """What a message names: the operands as words; the sizes of the axes that clash."""
    words = set(re.findall(r"[\w.\[\]\"']+", message))
    operands = bool(snippet.named) and all(
        _plain(name) in _plain(message) and (name in words or not name.isidentifier()) for name in snippet.named
    )
    sizes = [shapes.get(name, {}).get(axis) for name, axis in snippet.axes]
    return Said(operands, bool(sizes) and all(size is not None and str(size) in words for size in sizes))


def _plain(name: str) -> str:
    return re.sub(r"\s+", "", name).replace("'", '"')


def clarified(python: str, paths: Sequence[Path]) -> list[str]:
    """What TensorSensor says of each file."""
    done = subprocess.run(
        [python, "-W", "ignore", "-c", CLARIFY, *map(str, paths)], capture_output=True, text=True, check=True
    )
    said: list[str] = json.loads(done.stdout.strip().splitlines()[-1])
    return said


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clarify", default="")
    parser.add_argument("--show", action="store_true", help="print each explanation")
    parser.add_argument("parts", nargs="*")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [one for one in SNIPPETS if not given.parts or any(part in one.name for part in given.parts)]
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        paths = []
        for i, snippet in enumerate(chosen):
            path = Path(folder) / f"snippet_{i}.py"
            rows.append((snippet, *judged(snippet, path)))
            path.write_text(snippet.source, encoding="utf-8")
            paths.append(path)
        others = clarified(given.clarify, paths) if given.clarify else []
    report(rows, others, given.show)


def report(rows: list[tuple[Snippet, Said, str]], others: list[str], show: bool) -> None:
    """The table by library, and what is not right."""
    for snippet, said, message in rows:
        missing = [part for part in ("operands", "axes", "repair") if not getattr(said, part)]
        if missing or show:
            print(f"{'MISSING ' + ' '.join(missing) if missing else 'right':32} {snippet.library}: {snippet.name}")
            print(f"    {message.splitlines()[0][:150] if message else ''}")
            if show:
                print("".join(f"    | {line}\n" for line in said.text.splitlines()))
    print(
        f"\n{'':10} {'n':>3} {'operands':>9} {'+ axes':>9} {'repair':>9} {'plain: operands':>16} {'sizes':>6}", end=""
    )
    print(f" {'TensorSensor: operands':>23}" if others else "")
    for library in ("numpy", "torch", "jax", ""):
        mine = [(i, row) for i, row in enumerate(rows) if library in ("", row[0].library)]
        if not mine:
            continue
        n = len(mine)
        operands = sum(row[1].operands for _, row in mine)
        axes = sum(row[1].operands and row[1].axes for _, row in mine)
        repairs = sum(row[1].repair for _, row in mine)
        plain = [in_words(row[0], row[2], _sizes(row[1])) for _, row in mine]
        line = f"{library or 'all':10} {n:3} {operands:9} {axes:9} {repairs:9} {sum(p.operands for p in plain):16}"
        line += f" {sum(p.axes for p in plain):6}"
        if others:
            line += f" {sum(in_words(row[0], others[i], {}).operands for i, row in mine):23}"
        print(line)


def _sizes(said: Said) -> dict[str, Any]:
    """Sizes by operand and axis, as drawn."""
    found: dict[str, Any] = {}
    for name, shape in re.findall(r"^\s*(\S.*?)\s{2,}\(([\d, ]*)\)", said.text, re.M):
        found[name] = dict(enumerate(part.strip() for part in shape.split(",") if part.strip()))
    return found


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
