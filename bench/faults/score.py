"""Scores a watcher on this bench: ``python bench/faults/score.py [--fork] [--markdown FILE] [STEM ...]``.

Each script runs unchanged under ``tearless watch --json FILE SCRIPT``, in a process of its own, or with ``--fork`` in a
child of one parent that has PyTorch loaded already. Read from the report: the order of the findings, and how grave each
is. A symptom hung under a cause is no finding of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from expected import BROKEN, HEALTHY, Plant, Sound
from running import Found, Runner, forked, fresh

ALARMS = ("error", "warning")


@dataclass(frozen=True, slots=True)
class Score:
    """What was found in one broken script, beside what should be."""

    plant: Plant
    found: Found

    @property
    def first(self) -> bool:
        """Whether a right name is the first finding."""
        return bool(self.found.names) and self.found.names[0] in self.plant.names

    @property
    def strict(self) -> bool:
        """Whether the first finding is the planted cause itself."""
        return self.found.names[:1] == [self.plant.names[0]]

    @property
    def among(self) -> bool:
        """Whether a right name is anywhere among the findings."""
        return bool(set(self.found.everything) & set(self.plant.names))


def alarms(found: Found) -> list[str]:
    """The errors and warnings."""
    return [name for name, severity in found.findings if severity in ALARMS]


def summary(scores: Sequence[Score], healthy: Sequence[tuple[Sound, Found]]) -> list[str]:
    """The figures of the bench, a line each."""
    lines = []
    if scores:
        count = len(scores)
        for words, right in (
            ("cause first", sum(s.first for s in scores)),
            ("the planted name itself first", sum(s.strict for s in scores)),
            ("among the findings", sum(s.among for s in scores)),
        ):
            lines.append(f"{words}: {right} of {count} ({right / count:.0%})")
    if healthy:
        rung = sum(bool(alarms(found)) for _, found in healthy)
        total = sum(len(alarms(found)) for _, found in healthy)
        steps = sum(sound.steps for sound, _ in healthy)
        lines.append(f"healthy scripts with an alarm: {rung} of {len(healthy)}")
        lines.append(f"alarms per 1,000 healthy steps: {1000 * total / steps:.2f}")
    return lines


def broken_rows(scores: Iterable[Score]) -> list[list[str]]:
    """One row per broken script."""
    mark = {True: "yes", False: "no"}
    return [
        [s.plant.stem, mark[s.first], mark[s.among], ", ".join(s.found.names[:3]) or "nothing", s.found.trouble]
        for s in scores
    ]


def healthy_rows(healthy: Iterable[tuple[Sound, Found]]) -> list[list[str]]:
    """One row per healthy script."""
    return [
        [
            sound.stem,
            f"{sound.steps:,}",
            f"{1000 * len(alarms(found)) / sound.steps:.1f}",
            ", ".join(alarms(found)),
            found.trouble,
        ]
        for sound, found in healthy
    ]


BROKEN_HEADS = ["broken script", "cause first", "among", "first findings", "trouble"]
HEALTHY_HEADS = ["healthy script", "steps", "alarms per 1,000 steps", "alarms", "trouble"]


def plain(heads: list[str], rows: list[list[str]]) -> str:
    """A table for a terminal."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in [heads, *rows])


def marked(heads: list[str], rows: list[list[str]]) -> str:
    """The same table as Markdown, without columns that are empty throughout."""
    keep = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    lines = [[heads[i] for i in keep], ["---"] * len(keep), *([row[i] for i in keep] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page(scores: Sequence[Score], healthy: Sequence[tuple[Sound, Found]]) -> str:
    """Everything as a page for the docs."""
    parts = [
        "# Broken and healthy training scripts",
        "",
        "`python bench/faults/score.py --markdown FILE` wrote this page.",
    ]
    parts += ["", *(f"- {line}" for line in summary(scores, healthy)), ""]
    if scores:
        parts += [marked(BROKEN_HEADS, broken_rows(scores)), ""]
    if healthy:
        parts += [marked(HEALTHY_HEADS, healthy_rows(healthy)), ""]
    return "\n".join(parts)


def asked(stems: Sequence[str]) -> list[str]:
    """The scripts named, by whole stem or a part of it; all where none is named."""
    known = [*BROKEN, *HEALTHY]
    wanted = [Path(stem).stem for stem in stems]
    for stem in wanted:
        if not any(stem in name for name in known):
            raise SystemExit(f"no script of this bench is called {stem}")
    return [name for name in known if not wanted or any(stem in name for stem in wanted)]


def run(stems: Sequence[str], runner: Runner) -> tuple[list[Score], list[tuple[Sound, Found]]]:
    """Runs the scripts one after another, a line each as it ends."""
    scores: list[Score] = []
    healthy: list[tuple[Sound, Found]] = []
    with tempfile.TemporaryDirectory() as folder:
        for stem in stems:
            subject = BROKEN.get(stem) or HEALTHY[stem]
            found = runner(subject.path, Path(folder) / f"{stem}.json")
            if isinstance(subject, Plant):
                scores.append(Score(subject, found))
                sign = "ok" if scores[-1].first else "in" if scores[-1].among else "--"
            else:
                healthy.append((subject, found))
                sign = "!!" if alarms(found) else "ok"
            told = ", ".join(found.names[:4]) or "nothing"
            print(f"{sign} {stem:48s} {found.seconds:5.1f} s  {told} {found.trouble}", file=sys.stderr, flush=True)
    return scores, healthy


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("stems", nargs="*", metavar="STEM", help="scripts to run, or parts of their names; all if none")
    parser.add_argument("--fork", action="store_true", help="fork from a parent that has PyTorch loaded")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the tables there")
    parser.add_argument("--limit", type=float, default=180.0, metavar="SECONDS", help="longest run of one script")
    parser.add_argument("--options", default="", help="further options of the watch, such as '--budget 5%%'")
    args = parser.parse_args(arguments)
    runner = (forked if args.fork else fresh)(args.options.split(), args.limit)
    scores, healthy = run(asked(args.stems), runner)
    if scores:
        print(plain(BROKEN_HEADS, broken_rows(scores)), end="\n\n")
    if healthy:
        print(plain(HEALTHY_HEADS, healthy_rows(healthy)), end="\n\n")
    print("\n".join(summary(scores, healthy)))
    if args.markdown:
        args.markdown.write_text(page(scores, healthy), encoding="utf-8")


if __name__ == "__main__":
    main()
