"""Scores rivals on this bench: ``python bench/faults/rivals.py [--records DIR] [--sample N] [--markdown FILE]``.

One table for ``tearless`` and for: published rules of SageMaker Debugger, AutoTrainer and UMLAUT, written anew as
functions of a recorded run; packages that read a curve of losses; and packages attached to the unchanged script. Each
script is trained once under ``tearless watch --record``; with ``--records`` the records, and what attached packages
said, are kept there, and those that are there already are used. Packages that are not installed are left out and said:
``pip install --no-deps losslint training-doctor torch-audit traintools torchdiag``, and ``click``, which
``torch-audit`` needs.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from expected import BROKEN, HEALTHY, Plant, Sound
from rival_curves import CURVES
from rival_keras import AUTOTRAINER, UMLAUT
from rival_live import EVERY, LIVE, watched
from rival_names import ASIDE, NAMED, Meant
from rival_rules import LEFT_OUT, SAGEMAKER, Alarm, fired
from running import forked
from score import asked, marked, plain

from tearless.core.errors import InputError
from tearless.doctor.training import diagnosed
from tearless.readers.source import Source
from tearless.readers.training.run import Run
from tearless.readers.training.source import from_record

OWN = "tearless"
PUBLISHED = {"SageMaker Debugger": SAGEMAKER, "AutoTrainer": AUTOTRAINER, "UMLAUT": UMLAUT}
HEADS = [
    "watcher", "broken scripts", "cause first, strict", "with goodwill", "among its findings, strict", "with goodwill",
    "healthy scripts with an alarm", "alarms per 1,000 healthy steps",
]  # fmt: skip


def ordered(rival: str, alarms: Iterable[Alarm]) -> list[Alarm]:
    """What a rival says, each rule once, in its order, remarks last; advice on speed and style left out."""
    once = {a.rule: a for a in alarms if a.rule not in ASIDE.get(rival, ())}
    return sorted(once.values(), key=lambda alarm: not alarm.grave)


@dataclass(slots=True)
class Row:
    """What one watcher said of the scripts that it was shown."""

    watcher: str
    broken: list[tuple[Plant, list[Alarm]]] = field(default_factory=list)
    healthy: list[tuple[Sound, list[Alarm]]] = field(default_factory=list)

    def add(self, subject: Plant | Sound, alarms: Iterable[Alarm]) -> None:
        told = ordered(self.watcher, alarms)
        if isinstance(subject, Plant):
            self.broken.append((subject, told))
        else:
            self.healthy.append((subject, told))

    def meant(self, alarm: Alarm) -> Meant:
        """The faults that an alarm names; those of ``tearless`` are named as on the bench."""
        return Meant((alarm.rule,)) if self.watcher == OWN else NAMED[self.watcher][alarm.rule]

    def right(self, first: bool, goodwill: bool) -> int:
        """Broken scripts for which the first alarm, or any, names a right fault."""
        count = 0
        for plant, alarms in self.broken:
            told = [self.meant(a) for a in (alarms[:1] if first else alarms)]
            names = {name for m in told for name in (m.goodwill if goodwill else m.strict)}
            count += bool(names & set(plant.names))
        return count

    def cells(self) -> list[str]:
        """The row of the table."""
        steps = sum(sound.steps for sound, _ in self.healthy)
        grave = [sum(a.grave for a in alarms) for _, alarms in self.healthy]
        rights = [self.right(first, goodwill) for first in (True, False) for goodwill in (False, True)]
        shares = [f"{right} ({right / len(self.broken):.0%})" if self.broken else "" for right in rights]
        rung = f"{sum(map(bool, grave))} of {len(grave)}" if grave else ""
        return [self.watcher, str(len(self.broken)), *shares, rung, f"{1000 * sum(grave) / steps:.2f}" if steps else ""]


def installed(package: str) -> str | None:
    """The version of a package, ``None`` where it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def record(subject: Plant | Sound, folder: Path, limit: float) -> None:
    """Trains a script under the watch, where its record is not in the folder yet."""
    file = folder / f"{subject.stem}.rec"
    if not file.exists():
        forked(["--record", str(file)], limit)(subject.path, folder / f"{subject.stem}.json")


def recorded(subject: Plant | Sound, folder: Path) -> Source | None:
    """The record of a script's training; ``None`` where none came of it."""
    try:
        return from_record(folder / f"{subject.stem}.rec")
    except InputError as fault:
        print(f"{subject.stem}: {fault}", file=sys.stderr)
        return None


def run_of(source: Source) -> Run:
    """The whole run that a record tells."""
    run = Run()
    for batch in source.batches():
        run = run.merge(Run.of(batch))
    return run


def own(source: Source) -> list[Alarm]:
    """The findings of ``tearless`` that stand by themselves, in order, then the symptoms under them as remarks."""
    findings = diagnosed(source).findings
    top = [Alarm(f.name, 0, f.severity.name in ("error", "warning")) for f in findings if not f.because]
    return top + [Alarm(f.name, 0, grave=False) for f in findings if f.because]


class Bench:
    """The rows of the table as they fill, and what went wrong."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.troubles: dict[str, list[str]] = defaultdict(list)

    def add(self, watcher: str, subject: Plant | Sound, alarms: Iterable[Alarm]) -> None:
        self.rows.setdefault(watcher, Row(watcher)).add(subject, alarms)

    def read(self, subject: Plant | Sound, source: Source) -> None:
        """Everybody who is content with a record."""
        run = run_of(source)
        row = self.rows.setdefault(OWN, Row(OWN))
        told = list({a.rule: a for a in reversed(own(source))}.values())[::-1]
        (row.broken if isinstance(subject, Plant) else row.healthy).append((subject, told))  # type: ignore[arg-type]
        for rival, rules in PUBLISHED.items():
            self.add(rival, subject, fired(rules, run))
        for rival, (package, said) in CURVES.items():
            if installed(package):
                self.add(rival, subject, said(run))

    def watch(self, subject: Plant | Sound, folder: Path, limit: float) -> None:
        """Those who must see it train."""
        found, trouble = watched(subject.path, folder / f"{subject.stem}.live", limit)
        if trouble:
            self.troubles[subject.stem].append(trouble)
        for rival, alarms in (found or {}).items():
            self.add(rival, subject, alarms)

    def table(self) -> list[list[str]]:
        order = (OWN, *NAMED)
        return [self.rows[watcher].cells() for watcher in order if watcher in self.rows]


def page(bench: Bench, sample: int | None) -> str:
    """The table as a page of the docs, with how it was made."""
    versions = ", ".join(f"{name} {installed(name) or 'not installed'}" for name in (*CURVES, *LIVE))
    troubles = "; ".join(f"{stem}: {', '.join(said)}" for stem, said in bench.troubles.items()) or "none"
    few = (
        "" if sample is None else f" on a sample of {sample} of the broken scripts, drawn with seed 0, and all healthy"
    )
    parts = [
        "# Rivals on the same bench",
        "`python bench/faults/rivals.py --markdown docs/rivals.md` wrote this page.",
        marked(HEADS, bench.table()),
        "**The scripts are ours.** `bench/faults` was written beside `tearless`, and its checks were mended on it; the "
        "rivals never saw it. Read its row as what it does on faults it was made for, and the others as what fixed "
        "thresholds do on runs that nobody tuned them to.",
        "**Cause first**: the first alarm names the planted fault or one listed as equally right (`planted.csv`). "
        "Strictly, a rule names the fault that it is called after; with goodwill also what its makers name as causes, "
        "or of which it is plainly a symptom (`rival_names.py`). The order is that in which rules fire (of losslint, "
        "its own: by severity), remarks last. Each rule counts once a script, however often it fires; remarks (`info`) "
        "are findings, but no alarms. Advice on speed, style and devices is left out.",
        "**SageMaker Debugger, AutoTrainer, UMLAUT** are published rules with their published defaults, written anew "
        "over a record of `tearless watch`, which holds norms, ranges and spreads of tensors at some 25 steps of a "
        "thousand: no script is trained again. Where a rule asks for whole tensors something else stands in, for the "
        "most part something that fires less (said rule by rule in `rival_rules.py` and `rival_keras.py`). Epochs are "
        "unknown to a record: evaluations stand for them. Left "
        "out: " + "; ".join(f"of {rival}, {what}" for rival, what in LEFT_OUT.items()) + ".",
        "**losslint, training-doctor** are the real packages, given the loss and the rate of every step, the losses of "
        "evaluations, and (training-doctor) the norm of the gradient at the steps looked at.",
        f"**torch-audit, traintools, torchdiag** are the real packages, attached to the unchanged script{few}; they "
        f"look at the first step and every {EVERY}th. Of traintools `GradientHealthMonitor` and `BatchInspector`, of "
        "torchdiag `check_gradients` and `check_dead_neurons`: the others need a function of the loss, numbers of the "
        "samples, or a step of their own, which an unchanged script does not give. Scripts without a `Module` show "
        "them nothing.",
        f"Troubles: {troubles}. Versions: {versions}; PyTorch {installed('torch')}.",
    ]
    return "\n\n".join(parts) + "\n"


def sampled(stems: Sequence[str], count: int | None) -> set[str]:
    """The scripts that are trained once more for those who must watch: all healthy ones and some of the broken."""
    broken = [stem for stem in stems if stem in BROKEN]
    chosen = broken if count is None else random.Random(0).sample(broken, min(count, len(broken)))
    return {*chosen, *(stem for stem in stems if stem in HEALTHY)}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("stems", nargs="*", metavar="STEM", help="scripts, or parts of their names; all if none")
    parser.add_argument("--records", type=Path, metavar="DIR", help="where records lie, and new ones are kept")
    parser.add_argument("--sample", type=int, metavar="N", help="broken scripts that are trained again to be watched")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the page there")
    parser.add_argument("--limit", type=float, default=300.0, metavar="SECONDS", help="longest run of one script")
    args = parser.parse_args(arguments)
    subjects = [BROKEN.get(stem) or HEALTHY[stem] for stem in asked(args.stems)]
    attach = sampled([subject.stem for subject in subjects], args.sample) if all(map(installed, LIVE)) else set()
    bench = Bench()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.records.resolve() if args.records else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for subject in subjects:  # all children are forked before anything here starts threads: these do not survive
            record(subject, folder, args.limit)
            if subject.stem in attach:
                bench.watch(subject, folder, args.limit)
        for subject in subjects:
            if source := recorded(subject, folder):
                bench.read(subject, source)
    print(plain(HEADS, bench.table()))
    for stem, said in bench.troubles.items():
        print(f"{stem}: {', '.join(said)}", file=sys.stderr)
    if args.markdown:
        args.markdown.write_text(page(bench, args.sample), encoding="utf-8")


if __name__ == "__main__":
    main()
