"""Write what is made from the code: pages of checks, lessons and algorithms, the index, what the examples said.

Run ``python docs/build.py`` after a check changed; a test compares what is here with what it would write.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import tearless
from tearless.algorithms.pillars import names, pillars_of, source_of
from tearless.core.catalogue import Entry, catalogue
from tearless.core.page import parsed
from tearless.core.seen import FILE, Seen, as_text
from tearless.guide.curriculum import in_order
from tearless.guide.published import page as published
from tearless.report import algorithm
from tearless.report.markdown import inert, table
from tearless.report.page import to_markdown
from tearless.report.pictures.svg import alone
from tearless.report.report import Report
from tearless.testing import seen

sys.path.insert(0, str(Path(__file__).parent))
from picture import picture
from pipelines import text as pipelines
from screenshots import PICTURES

DOCS = Path(__file__).parent
RECORD = Path(tearless.__file__).parent / "core" / FILE
OWN = "tearless."
SHOWN = ("gradient-descent", {"rate": 0.9})
"""The lesson of the README, and where its controls stand: far enough to swing to and fro, below the bound."""


def built() -> dict[Path, str]:
    """Every file that is made, with its text."""
    os.chdir(DOCS.parent)  # so that a report names its files as the command does
    entries = [entry for entry in catalogue() if entry.module.startswith(OWN)]
    record = {entry.path: seen(entry.load()) for entry in entries}
    pages = {
        DOCS / "checks" / f"{entry.path}.md": to_markdown(entry.path, entry.page(), record[entry.path])
        for entry in entries
    }
    return {
        RECORD: as_text(record),
        DOCS / "index.md": _index(entries, record),
        DOCS / "lessons.md": _lessons(),
        DOCS / "titanic.svg": _titanic(),
        DOCS / "lesson.svg": _lesson(),
        DOCS / "published.md": published.to_markdown(published.every_row()),
        DOCS / "predictions.md": _predictions(),
        DOCS / "pipelines.md": pipelines(),
        **{DOCS / "algorithms" / f"{name}.md": _algorithm(name) for name in names()},
        **pages,
    }


def _algorithm(name: str) -> str:
    page = parsed(source_of(name))
    return algorithm.to_markdown(name, page.title, page.sections, pillars_of(name))


def _predictions() -> str:
    """What compare, calibrate and sample say of the predictions that the repository ships."""
    parts = [
        "# On real predictions",
        "The files in `examples/` hold predictions of real models for real tables, every row held out once "
        "(`examples/make_predictions.py`). Each answer below was computed when this page was made.",
    ]
    for title, command, report in _on_predictions():
        text = replace(report, seconds=0.0).to_text(width=96)
        parts += [f"## {title}", f"```\n$ {command}\n\n{text}```"]
    return "\n\n".join(parts) + "\n"


def _on_predictions() -> Iterator[tuple[str, str, Report]]:
    digits = [f"examples/digits_{name}.csv" for name in ("logistic", "forest")]
    yield "Two classifiers of digits", f"tearless compare {' '.join(digits)}", tearless.compare(*digits)
    cancer = [f"examples/breast_cancer_{name}.csv" for name in ("logistic", "naive_bayes", "forest")]
    command = f"tearless compare {' '.join(cancer)} --metric auc"
    yield "Three diagnoses of breast cancer", command, tearless.compare(*cancer, metric="auc")
    diabetes = [f"examples/diabetes_{name}.csv" for name in ("ridge", "forest")]
    yield "Two regressions of diabetes", f"tearless compare {' '.join(diabetes)}", tearless.compare(*diabetes)
    yield "Is naive Bayes as sure as it may be?", f"tearless calibrate {cancer[1]}", tearless.calibration(cancer[1])
    yield "Is the forest?", f"tearless calibrate {cancer[2]}", tearless.calibration(cancer[2])


def _titanic() -> str:
    """The picture of the README: the first three findings on the example that its first command checks."""
    report = tearless.check("examples/titanic.csv", target="survived")
    findings = "".join(report.to_text(width=88).split("\n\n")[i] + "\n\n" for i in range(3)).rstrip()
    command = "$ tearless check examples/titanic.csv --target survived"
    return picture([command, "", *findings.splitlines(), "", "..."], "What tearless says of the Titanic's passengers")


def _lesson() -> str:
    """The picture of a lesson in the README, in the width of a phone's page and a half."""
    name, controls = SHOWN
    view = tearless.lesson(name).view(**controls)
    return alone(view.pictures[0]).replace("<svg ", '<svg width="460" ', 1)


def _lessons() -> str:
    """The lessons in the order in which to learn them, and how two of them and two reports look."""
    rows = [
        [
            inert(entry.title(), in_table=True),
            ", ".join(f"`{name}`" for name in entry.catches),
            f"`tearless learn {entry.name}`",
        ]
        for entry in in_order()
        if entry.module.startswith(OWN)
    ]
    parts = [
        "# The lessons",
        "`tearless learn` opens them in the browser, served by this machine for this machine; `--data FILE` computes "
        "a lesson on a file of yours, `--text` shows it in the terminal, `--export FILE` writes it as one page. Every "
        "number in them is computed when the page is made.",
        table(["lesson", "checks that catch it", "command"], rows),
        "## How they look",
        "\n\n".join(f"![{said}](pictures/{name}.png)" for name, said in PICTURES.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _index(entries: list[Entry], record: Mapping[str, tuple[Seen, ...]]) -> str:
    parts = ["# The checks", "Each page is made from the file of its check; its examples were run when it was made."]
    for pillar, of_pillar in groupby(entries, key=lambda entry: entry.pillar):
        rows = [
            [
                f"[{e.name}](checks/{e.path}.md)",
                inert(f"{e.title()}.", in_table=True),
                e.load().looks_at,
                str(len(record[e.path])),
            ]
            for e in of_pillar
        ]
        heads = ["check", "what it says", "of a table it looks at", "examples"]
        parts += [f"## {pillar.replace('-', ' ').capitalize()}", table(heads, rows)]
    rows = [
        [f"[{n}](algorithms/{n}.md)", inert(f"{parsed(source_of(n)).title}.", True), ", ".join(pillars_of(n))]
        for n in names()
    ]
    parts += ["# The algorithms", table(["algorithm", "what it does", "stands on"], rows)]
    parts += ["# The lessons", "[What they are about, and how they look](lessons.md)."]
    parts += ["# Numbers that were published", "[Printed beside computed](published.md)."]
    return "\n\n".join(parts) + "\n"


def stale() -> list[Path]:
    """The made files whose text is no longer what would be written, and those whose check is gone."""
    files = built()
    changed = [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return changed + [path for path in sorted(DOCS.glob("*/**/*.md")) if path not in files]


def main() -> int:
    files = built()
    for path in sorted(DOCS.glob("*/**/*.md")):
        if path not in files:
            path.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    print(f"wrote {len(files)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
