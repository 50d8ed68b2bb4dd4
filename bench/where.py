"""Where the time of a check goes, by fact and by check: ``python bench/where.py FILE [--target COL] [--test FILE]``.

CPU seconds of every fact (all batches, ``of`` and ``merge`` apart) and of every check (with the facts derived for it),
the most expensive first, then the peak of resident memory. Facts are read before checks run; the rest is reading.
"""

from __future__ import annotations

import argparse
import functools
import resource
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import tearless
from tearless.core.catalogue import catalogue
from tearless.core.fact import mergeables
from tearless.doctor import examine


def clocked(name: str, function: Callable[..., Any], spent: Counter[str]) -> Callable[..., Any]:
    """The same function, its CPU seconds added under a name."""

    @functools.wraps(function)
    def timed(*given: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return function(*given, **named)
        finally:
            spent[name] += time.process_time() - began  # type: ignore[assignment]

    return timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--target")
    parser.add_argument("--test")
    given = parser.parse_args()
    facts, checks = Counter[str](), Counter[str]()
    for kind in {need.type for entry in catalogue() for need in mergeables(entry.load().needs.values())}:
        kind.of = clocked(f"{kind.__name__}.of", kind.of, facts)
        kind.merge = clocked(f"{kind.__name__}.merge", kind.merge, facts)
    one = examine._one

    def look(check: Any, known: Any) -> Any:
        return clocked(check.name, one, checks)(check, known)

    examine._one = look
    began, wall = time.process_time(), time.perf_counter()
    report = tearless.check(given.path, target=given.target, test=given.test)
    total = time.process_time() - began
    print(f"{report.rows:,} rows, {report.columns:,} columns: {total:.2f} s of CPU, {time.perf_counter() - wall:.2f} s")
    for words, spent in (("facts", facts), ("checks", checks)):
        print(f"\n{words:<32}{sum(spent.values()):>8.2f} s{sum(spent.values()) / total:>7.0%}")
        for name, seconds in spent.most_common(12):
            print(f"  {name:<30}{seconds:>8.2f} s{seconds / total:>7.0%}")
    rest = total - sum(facts.values()) - sum(checks.values())
    print(f"\n{'reading, correcting, reporting':<32}{rest:>8.2f} s{rest / total:>7.0%}")
    print(f"{'peak resident memory':<32}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:>8.0f} MB")


if __name__ == "__main__":
    main()
