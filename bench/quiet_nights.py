"""How often quiet nights alarm, how soon a change is found: ``python bench/quiet_nights.py [NIGHTS [SEEDS]]``, seeded.

Every night brings a table of 50 columns of many laws and 5,000 rows. Quiet: all nights come from one source. Honest:
each night moves each column a little by itself. Each night is compared with one fixed day, and with all days before it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from tearless.core import Asked, CannotTell, Severity
from tearless.core.check import Check
from tearless.doctor.gather import Facts
from tearless.readers.source import Batch
from tearless.statistics.facts import Columns
from tearless.statistics.profile.past import Day, Past
from tearless.statistics.profile.profile import Profile
from tearless.statistics.profile.published import past_without_values, published
from tearless.testing import checks

Floats = np.ndarray
Law = Callable[[np.random.Generator, int], Floats]
ROWS = 5_000
DAYS = (1, 3, 14)
TRIES = 10
KINDS = (("", False, 0.0), (", facts of `--private`", True, 0.0), (", honest nights of 0.03 sd", False, 0.03))
EFFECTS = (0.0, 0.03, 0.1, 0.3)
CHECKS = ("unlike-before", "changed-missing-share", "new-categories", "changed-unit", "unusual-row-count")


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
Alarm = tuple[tuple[str, ...], Severity]


@dataclass(frozen=True)
class Change:
    """What is done to the column of one law on the last night."""

    law: str
    name: str
    made: Callable[[np.random.Generator, Floats], Floats]


def shifted(_: np.random.Generator, x: Floats) -> Floats:
    """By 0.3 standard deviations."""
    return x + 0.3 * x.std()


def raised(rng: np.random.Generator, x: Floats) -> Floats:
    """The share of one value up by 0.3 standard deviations of its indicator."""
    value = True if x.dtype.kind == "b" else "v0"
    share = float(np.mean(x == value))
    more = 0.3 * np.sqrt(share * (1 - share)) / (1 - share)
    return np.where((x != value) & (rng.random(len(x)) < more), value, x)


def holed(rng: np.random.Generator, x: Floats) -> Floats:
    """The share of empty cells up by 0.3 standard deviations of their indicator."""
    share = float(np.mean(np.isnan(x)))
    return np.where(rng.random(len(x)) < 0.3 * np.sqrt(share / (1 - share)), np.nan, x)


SHIFTED = ("normal", "far from zero", "uniform", "exponential", "lognormal", "student t, 3 degrees", "two humps")
CHANGES = (
    *(Change(law, f"{law}, + 0.3 sd", shifted) for law in SHIFTED),
    Change("wide integers", "wide integers, + 0.3 sd", lambda _, x: np.round(x + 0.3 * x.std()).astype(np.int64)),
    Change("small integers", "small integers, + 1 in 86 of 100", lambda rng, x: x + (rng.random(len(x)) < 0.86)),
    Change("prices", "prices, × 1.3", lambda _, x: np.round(x * 1.3, 2)),
    Change("far from zero", "far from zero, spread × 1.3", lambda _, x: x.mean() + 1.3 * (x - x.mean())),
    Change("four words", "one word of four, + 0.3 sd", raised),
    Change("twenty words", "one word of twenty, + 0.3 sd", raised),
    Change("flags", "flags, + 0.3 sd", raised),
    Change("rare flags", "rare flags, + 0.3 sd", raised),
    Change("holes", "empty cells, + 0.3 sd", holed),
)


def table(rng: np.random.Generator, rows: int = ROWS, effect: float = 0.0, width: int = WIDTH) -> pl.DataFrame:
    """One night. ``effect``: by how many standard deviations, or shares of rows, it moves each column by itself."""
    laws = list(LAWS.values())
    columns = {f"x{i}": laws[i % len(laws)](rng, rows) for i in range(width)}
    if effect:
        columns = {name: moved(rng, x, effect) for name, x in columns.items()}
    return pl.DataFrame(columns, nan_to_null=True)


def moved(rng: np.random.Generator, x: Floats, effect: float) -> Floats:
    """The same column on a night of its own: numbers shifted by so many half widths, a word or a flag commoner."""
    by = float(rng.normal(0, effect))
    if x.dtype.kind in "bU":
        values = (True, False) if x.dtype.kind == "b" else ("v0", "v1")
        return np.where(rng.random(len(x)) < abs(by) / 2, values[by > 0], x)
    width = float(np.subtract(*np.nanquantile(x.astype(float), [0.84, 0.16]))) / 2
    shift = np.where(x == 0, x, x + by * width) if np.mean(x == 0) > 0.1 else x + by * width  # nothing stays nothing
    return np.round(shift).astype(np.int64) if x.dtype.kind == "i" else shift


@dataclass
class History:
    """The days so far, merged as they come, as fact files keep them."""

    private: bool = False
    days: tuple[Day, ...] = ()
    whole: Profile | None = None

    def add(self, profile: Profile) -> None:
        """One more day."""
        kept = published(profile)
        self.days = (*self.days, Day.of(f"day {len(self.days) + 1}", kept))
        self.whole = kept if self.whole is None else self.whole.merge(kept)

    def past(self) -> Past:
        """What a table is compared with. Raises ``ValueError`` before the first day."""
        if self.whole is None:
            raise ValueError("history: expected a day, got none; add one")
        past = Past(self.days, self.whole)
        return past_without_values(past) if self.private else past


def battery() -> list[Check]:
    """The checks of a table against the days before it."""
    return [check for check in checks() if check.name in CHECKS]


def alarms(frame: pl.DataFrame, pasts: Iterable[Past], battery: Iterable[Check]) -> tuple[Profile, list[list[Alarm]]]:
    """What is found beside each past: the column and the severity."""
    batch = Batch(frame)
    profile, columns = Profile.of(batch), Columns.of(batch)
    found = []
    for past in pasts:
        facts = Facts(Asked(options={"past": past}))
        facts.know(profile)
        facts.know(columns)
        here = []
        for check in battery:
            try:
                given = {name: facts.get(need, np.random.default_rng) for name, need in check.needs.items()}
                judged = [check.judge(measured) for measured in check.measure(**given)]
            except CannotTell:
                continue
            here += [(one.subject, one.severity) for one in judged if one is not None]
        found.append(here)
    return profile, found


def nights(seed: int, count: int, effect: float = 0.0, width: int = WIDTH) -> Iterator[list[list[Alarm]]]:
    """The alarms of each night beside the first day, beside all days before it, and beside what is private of them."""
    rng, battery_ = np.random.default_rng([seed, 1]), battery()
    first, growing = History(), History()
    profile = Profile.of(Batch(table(rng, effect=effect, width=width)))
    first.add(profile)
    growing.add(profile)
    for _ in range(count):
        past = growing.past()
        profile, found = alarms(
            table(rng, effect=effect, width=width), (first.past(), past, past_without_values(past)), battery_
        )
        growing.add(profile)
        yield found


def power(
    seed: int,
    days: Iterable[int] = DAYS,
    private: bool = False,
    effect: float = 0.0,
    changes: Iterable[Change] = CHANGES,
) -> dict[str, list[bool]]:
    """For each change whether it is found on the first night, by the number of days before it."""
    rng, battery_ = np.random.default_rng([seed, 2]), battery()
    history, pasts = History(private), []
    for day in range(max(days)):
        history.add(Profile.of(Batch(table(rng, effect=effect))))
        if day + 1 in days:
            pasts.append(history.past())
    found = {}
    for change in changes:
        name = f"x{list(LAWS).index(change.law)}"
        night = table(rng, effect=effect)
        x = night[name].to_numpy().copy()
        made = pl.Series(name, change.made(rng, x)).fill_nan(None) if x.dtype.kind == "f" else change.made(rng, x)
        _, seen = alarms(night.with_columns(pl.Series(name, made)), pasts, battery_)
        found[change.name] = [any(name in subject for subject, _ in one) for one in seen]
    return found


HEAD = """# How often quiet nights alarm, and how soon a change is found

`python bench/quiet_nights.py {count} {seeds}` wrote this page, seeded. Every night brings 5,000 rows of {width} columns
of {laws} laws: normal and far from zero, skewed, heavy-tailed, whole numbers, few and many categories, flags, empty
cells. Each night is compared by the checks of `--against` with one fixed day, and with all days before it.

## Alarms

Of each {count} nights, those with any finding, and in brackets those with a warning or an error. Against one fixed
day at most one night in a hundred may have one, on average over such days: a fixed day that was unlucky is so every
night. Of all histories that grow at most one in fifty may ever have one. Honest nights move every column by so many
standard deviations, each by itself; the nights with five days behind them or more are counted by themselves too.

| nights | seed | against one fixed day | against all days before | with 5 days or more | the same, `--private` |
|---|---|---|---|---|---|"""


def counted(found: list[list[Alarm]]) -> str:
    """Nights with an alarm, and those with a warning."""
    warned = sum(any(severity >= Severity.warning for _, severity in night) for night in found)
    return f"{sum(map(bool, found))} ({warned})"


def main(count: int, seeds: int) -> None:
    print(HEAD.format(count=count, seeds=seeds, width=WIDTH, laws=len(LAWS)))
    for effect in EFFECTS:
        name = f"honest, {effect:g} sd" if effect else "quiet"
        for seed in range(seeds if not effect else max(1, seeds // 3)):
            seen = list(nights(seed, count, effect))
            fixed, grown, private = ([night[i] for night in seen] for i in range(3))
            cells = (name, str(seed), *map(counted, (fixed, grown, grown[4:], private[4:])))
            print(f"| {' | '.join(cells)} |", flush=True)
    heads = [f"{days} {'day' if days == 1 else 'days'}" for days in DAYS]
    for title, private, effect in KINDS:
        tries = [power(seed, private=private, effect=effect) for seed in range(TRIES)]
        print(f"\n## Found on the first night, of {len(tries)}{title}\n")
        print("| change of one column of 50 | " + " | ".join(f"after {head}" for head in heads) + " |")
        print("|---|" + "---|" * len(DAYS))
        for change in CHANGES:
            hits = [sum(one[change.name][i] for one in tries) for i in range(len(DAYS))]
            print(f"| {change.name} | " + " | ".join(map(str, hits)) + " |", flush=True)


if __name__ == "__main__":
    main(*(int(x) for x in [*sys.argv[1:], *["200", "6"][len(sys.argv) - 1 :]]))
