"""How often a clean table gets a warning: ``python bench/false_alarms.py [TABLES] > docs/false-alarms.md``, seeded.

Clean means: every column drawn independently from one smooth law, rows exchangeable, an unrelated target, and where
there is a test table, one from the same law.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

import tearless

Draw = Callable[[np.random.Generator, int], np.ndarray]

LAWS: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(5, 2, n),
    "uniform": lambda rng, n: rng.uniform(0, 1, n),
    "lognormal": lambda rng, n: rng.lognormal(0, 0.5, n),
    "exponential": lambda rng, n: rng.exponential(3, n),
    "student t, 5 degrees": lambda rng, n: rng.standard_t(5, n),
    "small integers": lambda rng, n: rng.integers(0, 10, n),
    "counts": lambda rng, n: rng.poisson(4, n),
    "wide integers": lambda rng, n: rng.integers(0, 1000, n),
    "flags": lambda rng, n: rng.random(n) < 0.3,
    "text levels": lambda rng, n: np.array(["red", "green", "blue", "grey"])[rng.integers(0, 4, n)],
}
SHAPES = ((12, 3), (30, 5), (100, 10), (100, 50), (300, 100), (1_000, 10), (3_000, 30), (20_000, 10))


def table(rng: np.random.Generator, law: str, n: int, p: int) -> dict[str, np.ndarray]:
    """A clean table of one law, or of all of them in turn but the one whose unit is a thousand times the others'."""
    laws = [draw for name, draw in LAWS.items() if name != "wide integers"] if law == "mixed" else [LAWS[law]]
    return {f"x{i}": laws[i % len(laws)](rng, n) for i in range(p)}


def targets(rng: np.random.Generator, n: int) -> Iterator[tuple[str, np.ndarray | None]]:
    """No target, balanced classes, and a number: none has anything to do with the table."""
    yield "", None
    yield "classes", rng.permutation(np.arange(n) % 2)
    yield "number", rng.normal(size=n)


def alarms(seed: int, law: str, n: int, p: int) -> list[str]:
    """The warnings and errors on one clean table, by the name of the check."""
    rng = np.random.default_rng([seed, n, p, len(law)])
    kind, target = list(targets(rng, n))[seed % 3]
    train = table(rng, law, n, p)
    test = table(rng, law, max(10, n // 4), p) if seed % 2 else None
    if target is not None:
        train["y"] = target
    report = tearless.check(train, target="y" if kind else None, test=test, seed=seed)
    if report.faults:
        raise SystemExit(report.faults[0].fault)
    return [finding.name for finding in report.at_least("warning")]


HEAD = """# How often a clean table is warned about

`python bench/false_alarms.py {tables} > docs/false-alarms.md` wrote this page. Each cell counts the tables, of
{tables}, that got at least one warning or error from any check. The tables are clean: every column is drawn by itself
from one law, in no order. A third each have no target, two classes, and a number as target, none of which has anything
to do with the columns; every second one comes with a test table drawn in the same way. The heads say rows × columns.
"""


def main(tables: int) -> None:
    print(HEAD.format(tables=tables))
    print("| law | " + " | ".join(f"{n:,} × {p}" for n, p in SHAPES) + " |")
    print("|---|" + "---|" * len(SHAPES))
    by_check: Counter[str] = Counter()
    alarmed = total = 0
    for law in [*LAWS, "mixed"]:
        row = []
        for n, p in SHAPES:
            found = [alarms(seed, law, n, p) for seed in range(tables)]
            by_check.update(name for names in found for name in set(names))
            row.append(sum(map(bool, found)))
            total += tables
        alarmed += sum(row)
        print(f"| {law} | " + " | ".join(f"{count} of {tables}" for count in row) + " |", flush=True)
    print(f"\n{alarmed} of {total} clean tables ({100 * alarmed / total:.2f} %) got a warning or an error.")
    for name, count in by_check.most_common():
        print(f"- `{name}`: {count}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
