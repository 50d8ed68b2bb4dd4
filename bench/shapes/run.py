"""How many failing snippets are explained: operands and axes named, and the first repair run; what others say.

    python bench/shapes/run.py [--clarify PYTHON] [--markdown FILE] [--show] [part of a name ...]

``--clarify`` names a Python that has TensorSensor installed, whose word on the same snippets is taken in a process of
its own. A message counts as naming operands where each of their names stands in it as a word, and as naming sizes where
those of all clashing axes do: a reader would still have to find the axes. A repair counts where the edit, made in the
file, lets the same code run to its end.
"""

from __future__ import annotations

import argparse
import io
import json
import linecache
import re
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snippets import SETS, Snippet

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
    head: str = ""
    code: str = ""


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
    message = str(error).replace(f"{path.parent}/", "")
    if found is None:
        return Said(), message
    repairs = found.entry()["clash"]["repairs"]
    said = Said(
        *named(snippet, found), False, found.to_text(80), found.clash.says, repairs[0]["code"] if repairs else ""
    )
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


@dataclass
class Row:
    """One snippet and what was said of it."""

    snippet: Snippet
    said: Said
    message: str
    other: str = ""

    @property
    def plain(self) -> Said:
        """What the library's own message names."""
        return in_words(self.snippet, self.message, _sizes(self.said))

    @property
    def clarified(self) -> Said:
        """What TensorSensor's word names."""
        return in_words(self.snippet, self.other, _sizes(self.said))


def main() -> None:
    """Print the tables, and write them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clarify", default="")
    parser.add_argument("--markdown", default="")
    parser.add_argument("--show", action="store_true", help="print each explanation")
    parser.add_argument("parts", nargs="*")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    both = {}
    for name, snippets in SETS.items():
        chosen = [one for one in snippets if not given.parts or any(part in one.name for part in given.parts)]
        with redirect_stdout(io.StringIO()):
            both[name] = rows_of(chosen, given.clarify)
        listed(both[name], given.show)
        for cells in table(both[name]):
            print("".join(cell.rjust(max(10, len(head) + 2)) for cell, head in zip(cells, HEADS, strict=True)))
    if given.markdown:
        Path(given.markdown).write_text(page(both["ours"], both["others"]), encoding="utf-8")


def rows_of(chosen: Sequence[Snippet], clarify: str) -> list[Row]:
    """Each snippet run and judged, and what TensorSensor says of it where a Python with it is named."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"snippet_{i}.py" for i in range(len(chosen))]
        rows = [Row(snippet, *judged(snippet, path)) for snippet, path in zip(chosen, paths, strict=True)]
        for row, path in zip(rows, paths, strict=True):
            path.write_text(row.snippet.source, encoding="utf-8")
        for row, other in zip(rows, clarified(clarify, paths) if clarify and paths else [], strict=False):
            row.other = other
    return rows


def listed(rows: list[Row], show: bool) -> None:
    """What is not right; with ``show`` every explanation."""
    for row in rows:
        missing = [part for part in ("operands", "axes", "repair") if not getattr(row.said, part)]
        if missing or show:
            what = f"MISSING {' '.join(missing)}" if missing else "right"
            print(f"{what:32} {row.snippet.library}: {row.snippet.name}")
            print(f"    {row.message.partition(chr(10))[0][:150]}")
        if show:
            print("".join(f"    | {line}\n" for line in row.said.text.splitlines()))


HEADS = (
    "library", "snippets", "operands", "and axes", "first repair runs", "message: operands", "message: sizes",
    "TensorSensor: operands", "TensorSensor: sizes",
)  # fmt: skip


def table(rows: list[Row]) -> list[tuple[str, ...]]:
    """Heads, then a row for each library and one for all."""
    out = [HEADS]
    for library in ("numpy", "torch", "jax", ""):
        mine = [row for row in rows if library in ("", row.snippet.library)]
        if not mine:
            continue
        with_axes = [row for row in mine if row.snippet.axes]
        counts = (
            sum(row.said.operands for row in mine),
            sum(row.said.operands and row.said.axes for row in mine),
            sum(row.said.repair for row in mine),
            sum(row.plain.operands for row in mine),
        )
        sizes = f"{sum(row.plain.axes for row in mine)} of {len(with_axes)}"
        other = ("", "")
        if any(row.other for row in mine):
            seen = sum(row.clarified.axes for row in mine)
            other = (str(sum(row.clarified.operands for row in mine)), f"{seen} of {len(with_axes)}")
        out.append((library or "all", str(len(mine)), *map(str, counts), sizes, *other))
    return out


def page(ours: list[Row], others: list[Row]) -> str:
    """What was said of each snippet, beside the library's own words, as Markdown."""
    wrong = [row for row in others if not (row.said.operands and row.said.axes and row.said.repair)]
    heads = ("snippet", "the library says", "tearless says", "first repair")
    parts = [
        "# Failing shapes, explained",
        "`python bench/shapes/run.py --clarify PYTHON --markdown docs/shapes.md` wrote this page.",
        "## Snippets of ours",
        "They were written before the code that explains them was run, and it was mended on them since: this is what "
        "it does on code that it was made for.",
        _markdown(table(ours)),
        "## Snippets of someone who had not read the code",
        "What was wrong when they were first run has been mended since, by general rules and not one by one. Some of "
        "them no change in one place lets run.",
        _markdown(table(others)),
        "*Operands* counts a snippet where every operand that clashes is named as it is written there, *and axes* "
        "where the axes are marked that clash; *first repair runs* where the edit, made in the file, lets the same "
        "code run to its end, which does not say that it is what was meant. A message is taken with goodwill: it names "
        "an operand where its name stands in it as a word, and sizes where those of all clashing axes do; which axis "
        "of which operand they are, the reader still has to find out. A traceback shows the line as well, which no "
        "column counts.",
        "## Each snippet of ours",
        _markdown([heads, *map(_cells, ours)]),
        "## Snippets of the others that are not right in all",
        _markdown([heads, *map(_cells, wrong)]),
    ]
    return "\n\n".join(parts) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    code = f"`{_short(row.said.code, 100)}`" if row.said.code else "none"
    return (
        f"{row.snippet.library}: {row.snippet.name}",
        _short(row.message, 150),
        _short(row.said.head, 180),
        code if row.said.repair or not row.said.code else f"{code} (the code fails further on)",
    )


def _short(text: str, most: int) -> str:
    """One line of text that is inert in a table."""
    line = " ".join(text.split())
    return (line if len(line) <= most else line[: most - 1] + "…").replace("|", "\\|").replace("<", "&lt;")


def _markdown(rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _sizes(said: Said) -> dict[str, Any]:
    """Sizes by operand and axis, as drawn."""
    found: dict[str, Any] = {}
    for name, shape in re.findall(r"^\s*(\S.*?)\s{2,}\(([\d, ]*)\)", said.text, re.M):
        found[name] = dict(enumerate(part.strip() for part in shape.split(",") if part.strip()))
    return found


if __name__ == "__main__":
    main()
