"""How often quiet nights alarm, and how soon a change is found: ``python bench/quiet_nights.py [NIGHTS [SEEDS]]``, seeded.

Every night brings a table of 50 columns of many laws and 5,000 rows. Quiet: all nights come from one source. Honest:
each night moves each column a little by itself. Each night is compared with one fixed day, and with all days before it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tearless.readers.source import Batch
from tearless.statistics.facts import Columns
from tearless.statistics.profile.changes import Changes
from tearless.statistics.profile.past import Day, Past
from tearless.statistics.profile.profile import Profile

Floats = np.ndarray
Law = Callable[[np.random.Generator, int], Floats]
ROWS = 5_000
CERTAIN = 0.01


def words(rng: np.random.Generator, n: int, count: int, power: float) -> Floats:
    """Categories whose shares fall as a power of their number."""
    shares = np.arange(1, count + 1) ** -power
    return np.char.add("v", rng.choice(count, n, p=shares / shares.sum()).astype(str))


LAWS: dict[str, Law] = {
    "normal": lambda rng, n: rng.normal(5, 2, n),
    "far from zero": lambda rng, n: rng.normal(1e6, 1, n),
    "uniform": lambda rng, n: rng.uniform(0, 1, n),
    "exponential": lambda rng, n: rng.exponential(3, n),
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n),
    "very skewed": lambda rng, n: rng.lognormal(0, 2, n),
    "student t, 3 degrees": lambda rng, n: rng.standard_t(3, n),
    "no variance": lambda rng, n: rng.pareto(1.2, n),
    "two humps": lambda rng, n: rng.normal(0, 1, n) + 6 * (rng.random(n) < 0.4),
    "mostly zero": lambda rng, n: rng.exponential(1, n) * (rng.random(n) < 0.2),
    "counts": lambda rng, n: rng.poisson(4, n),
    "small integers": lambda rng, n: rng.integers(0, 10, n),
    "wide integers": lambda rng, n: rng.integers(0, 100_000, n),
    "prices": lambda rng, n: np.round(rng.lognormal(3, 0.7, n), 2),
    "flags": lambda rng, n: rng.random(n) < 0.3,
    "rare flags": lambda rng, n: rng.random(n) < 0.02,
    "four words": lambda rng, n: words(rng, n, 4, 0.5),
    "twenty words": lambda rng, n: words(rng, n, 20, 1.0),
    "300 words": lambda rng, n: words(rng, n, 300, 0.3),
    "names": lambda rng, n: words(rng, n, 50_000, 0.5),
    "holes": lambda rng, n: np.where(rng.random(n) < 0.1, np.nan, rng.normal(0, 1, n)),
    "few holes": lambda rng, n: np.where(rng.random(n) < 0.004, np.nan, rng.normal(0, 1, n)),
}
WIDTH = 50


@dataclass(frozen=True)
class Change:
    """What is done to the first column on the last night: ``law`` it has, and how it is changed."""

    law: str
    name: str
    made: Callable[[np.random.Generator, Floats], Floats]


def shares_moved(by: float) -> Callable[[np.random.Generator, Floats], Floats]:
    """The share of the first value raised by so many standard deviations of its indicator."""

    def made(rng: np.random.Generator, x: Floats) -> Floats:
        first = np.unique(x)[-1] if x.dtype.kind == "b" else "v0"
        share = float(np.mean(x == first))
        more = by * np.sqrt(share * (1 - share)) / (1 - share)
        return np.where((x != first) & (rng.random(len(x)) < more), first, x)

    return made


def more_holes(rng: np.random.Generator, x: Floats) -> Floats:
    share = float(np.mean(np.isnan(x)))
    return np.where(rng.random(len(x)) < 0.3 * np.sqrt(share * (1 - share)), np.nan, x)


def shifted(rng: np.random.Generator, x: Floats) -> Floats:
    return x + 0.3 * x.std()


def wider(rng: np.random.Generator, x: Floats) -> Floats:
    return x * 1.3


SHIFTED = ("normal", "far from zero", "uniform", "exponential", "lognormal", "student t, 3 degrees", "two humps")
CHANGES = (
    *(Change(law, f"{law} + 0.3 sd", shifted) for law in SHIFTED),
    Change("wide integers", "wide integers + 0.3 sd", lambda rng, x: np.round(x + 0.3 * x.std()).astype(np.int64)),
    Change("prices", "prices × 1.3", wider),
    Change("student t, 3 degrees", "student t, 3 degrees × 1.3", wider),
    Change("far from zero", "far from zero, spread × 1.3", lambda rng, x: x.mean() + 1.3 * (x - x.mean())),
    Change("four words", "a word + 0.3 sd", shares_moved(0.3)),
    Change("twenty words", "a word of twenty + 0.3 sd", shares_moved(0.3)),
    Change("flags", "flags + 0.3 sd", shares_moved(0.3)),
    Change("rare flags", "rare flags + 0.3 sd", shares_moved(0.3)),
    Change("holes", "holes + 0.3 sd", more_holes),
)


def table(rng: np.random.Generator, rows: int, effect: float = 0.0, change: Change | None = None) -> pl.DataFrame:
    """One night. ``effect``: by how many standard deviations it moves each number, and the odds of each word."""
    laws = list(LAWS.items())
    frame: dict[str, Floats] = {}
    for i in range(WIDTH):
        name, law = laws[i % len(laws)]
        if change and i == 0:
            frame["x0"] = change.made(rng, LAWS[change.law](rng, rows))
            continue
        x = law(rng, rows)
        if effect:
            x = _moved(rng, x, effect)
        frame[f"x{i}"] = x
    if change is None:
        return pl.DataFrame(frame, nan_to_null=True)
    return pl.DataFrame(frame, nan_to_null=True)


def _moved(rng: np.random.Generator, x: Floats, effect: float) -> Floats:
    by = float(rng.normal(0, effect))
    if x.dtype.kind in "bU":
        value = x[0]
        other = rng.random(len(x)) < abs(by) * (0.3 if x.dtype.kind == "U" else 0.45)
        return np.where(other, value if by > 0 else x[-1], x)
    width = float(np.subtract(*np.nanquantile(x.astype(float), [0.84, 0.16]))) / 2
    moved = x + by * width
    return np.round(moved).astype(np.int64) if x.dtype.kind == "i" else moved


@dataclass
class History:
    """The days so far, merged as they come."""

    days: tuple[Day, ...] = ()
    whole: Profile | None = None

    def add(self, profile: Profile) -> None:
        self.days = (*self.days, Day.of(f"day {len(self.days) + 1}", profile))
        self.whole = profile if self.whole is None else self.whole.merge(profile)

    def past(self) -> Past:
        if self.whole is None:
            raise ValueError("no day yet")
        return Past(self.days, self.whole)


def found(frame: pl.DataFrame, pasts: Sequence[Past]) -> tuple[Profile, list[list[tuple[str, str, float, float]]]]:
    """What each past says of a table: column, what changed, by how much, with which chance, where that is small."""
    batch = Batch(frame)
    profile, columns = Profile.of(batch), Columns.of(batch)
    alarms = []
    for past in pasts:
        changes = Changes.derive(profile, past, columns).changes
        alarms.append([(c.column, c.what, c.size, c.chance) for c in changes if c.chance <= CERTAIN])
    return profile, alarms


def nights(seed: int, count: int, effect: float = 0.0, rows: int = ROWS) -> Iterator[tuple[int, int, int]]:
    """For each night its number, and the alarms against the first day and against all days before it."""
    rng = np.random.default_rng([seed, count])
    first, growing = History(), History()
    profile = Profile.of(Batch(table(rng, rows, effect)))
    first.add(profile)
    growing.add(profile)
    for night in range(1, count + 1):
        profile, (fixed, grown) = found(table(rng, rows, effect), (first.past(), growing.past()))
        growing.add(profile)
        yield night, len(fixed), len(grown)
        if grown or fixed:
            print("   ", night, fixed[:3], grown[:3], file=sys.stderr)


def power(change: Change, days: int, seeds: int, rows: int = ROWS, effect: float = 0.0) -> tuple[int, int]:
    """On how many of so many first nights the change is found, and how many other columns are named."""
    hits = others = 0
    for seed in range(seeds):
        rng = np.random.default_rng([seed, days, 7])
        history = History()
        law = Change(change.law, "", lambda rng, x: x)
        for _ in range(days):
            history.add(Profile.of(Batch(table(rng, rows, effect, law))))
        _, (alarms,) = found(table(rng, rows, effect, change), [history.past()])
        hits += any(column == "x0" for column, *_ in alarms)
        others += sum(column != "x0" for column, *_ in alarms)
    return hits, others


def main(count: int, seeds: int) -> None:
    import time

    for effect in (0.0, 0.1, 0.3):
        for seed in range(seeds):
            began = time.perf_counter()
            seen = list(nights(seed, count, effect))
            fixed, grown = (sum(row[i] > 0 for row in seen) for i in (1, 2))
            late = sum(row[2] > 0 for row in seen if row[0] >= 5)
            print(f"effect {effect} seed {seed}: fixed {fixed}, growing {grown} (from day 5 on {late}) of {count} nights; {time.perf_counter() - began:.1f} s", flush=True)
    for change in CHANGES:
        print(change.name, [power(change, days, 10) for days in (1, 3, 14)], flush=True)


if __name__ == "__main__":
    main(*(int(x) for x in [*sys.argv[1:], *["200", "3"][len(sys.argv) - 1 :]]))
