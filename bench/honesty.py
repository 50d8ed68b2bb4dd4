"""How honest tests and intervals are: ``python bench/honesty.py > docs/honesty.md`` writes the page, seeded.

What a law's sum can tell is summed; the rest is drawn, and its own standard error is said. The designs are those of
``tests/simulations``, which assert the claims; the tests of ``honest_tests.py`` are those of ``tearless compare`` and
``tearless calibrate``.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "simulations"))
import test_single_scores as single
from honest_sums import paired_coverage, power, unpaired_coverage
from honest_tests import TESTS

from tearless.statistics.intervals import agresti_coull, blaker, clopper_pearson, wilson

RIGHT, SIZES = single.RIGHT, single.SIZES
RUNS = 400
SHORT = 0.935
"""95 % less 1.5 points: what an interval may not fall below, but for the error of the simulation."""
KINDS = {
    "Blaker (printed)": blaker,
    "Clopper-Pearson": clopper_pearson,
    "Agresti-Coull": agresti_coull,
    "Wilson": wilson,
}
Measure = Callable[[float, int], dict[str, float]]


def marked(share: float, runs: int = 0) -> str:
    """A coverage in percent, in bold where it is too small by more than two standard errors."""
    error = math.sqrt(SHORT * (1 - SHORT) / runs) if runs else 0.0
    said = f"{100 * share:.1f}"
    return f"**{said}**" if share < SHORT - 2 * error else said


def shares() -> Iterator[str]:
    """Exact coverage and mean width of four intervals of a share."""
    heads = " | ".join(f"share {p:g}" for p in RIGHT)
    yield f"| trials | interval | {heads} | least at any share |\n|---|---|" + "---|" * (len(RIGHT) + 1)
    for n in SIZES:
        k = np.arange(n + 1)
        for name, kind in KINDS.items():
            ends = np.array([kind(int(one), n) for one in k])
            near = np.unique(np.r_[ends.ravel() - 1e-8, ends.ravel() + 1e-8, 0.5])
            near = near[(near > 1e-6) & (near < 1 - 1e-6)]
            cells = []
            for p in RIGHT:
                chance = stats.binom.pmf(k, n, p)
                held = (ends[:, 0] <= p) & (p <= ends[:, 1])
                cells.append(f"{marked(float(chance[held].sum()))} ({chance @ np.diff(ends)[:, 0]:.4f})")
            least = min(float(stats.binom.pmf(k, n, p)[(ends[:, 0] <= p) & (p <= ends[:, 1])].sum()) for p in near)
            yield f"| {n:,} | {name} | {' | '.join(cells)} | {marked(math.floor(1e4 * least + 0.5) / 1e4)} |"


def grid(measure: Measure, sizes: tuple[int, ...], design: str, runs: int) -> Iterator[str]:
    """Rows of coverages: one for each score and size, a column for each share right or area."""
    for n in sizes:
        found = [measure(right, n) for right in RIGHT]
        for name in found[0]:
            cells = " | ".join(marked(one[name], runs) for one in found)
            yield f"| {name} | {design} | {n:,} | {cells} |"


def scores() -> Iterator[str]:
    """Coverage of the interval of one model's score, simulated."""
    yield "| score | design | rows | 0.5 | 0.9 | 0.98 | 0.995 |\n|---|---|---|---|---|---|---|"
    for classes in ("2 even", "3 uneven", "8 uneven"):
        of = partial(single.coverage_of_tables, classes, runs=RUNS)
        yield from grid(of, SIZES, f"{classes} classes", RUNS)
    for spread, positives in ((1, 0.5), (1, 0.1), (3, 0.1)):
        of = lambda area, n, s=spread, m=positives: single.coverage_of_rankings(area, s, m, n, RUNS)  # noqa: E731
        yield from grid(of, SIZES, f"{100 * positives:g} % positive, spread {spread}", RUNS)
    for classes in ("3 uneven", "8 even"):
        of = partial(single.coverage_of_many_ranked, classes, runs=RUNS)
        yield from grid(of, SIZES[:3], f"{classes} classes", RUNS)
    for bold in (False, True):
        of = partial(single.coverage_of_losses, bold=bold, runs=RUNS)
        yield from grid(of, SIZES, "bold probabilities" if bold else "honest probabilities", RUNS)


def differences() -> Iterator[str]:
    """Coverage of the default intervals of two accuracies' difference."""
    yield "| difference | design | items | 0.5 | 0.9 | 0.98 | 0.995 |\n|---|---|---|---|---|---|---|"
    for n in SIZES:
        cells = " | ".join(marked(paired_coverage(n, right)) for right in RIGHT)
        yield f"| paired, mid-p with Tango's score | least of three differences | {n:,} | {cells} |"
    for n in SIZES:
        cells = " | ".join(marked(unpaired_coverage(n, right)) for right in RIGHT)
        yield f"| unpaired, Miettinen and Nurminen | equal models | {n:,} | {cells} |"


def errors() -> Iterator[str]:
    """How often a test is sure of what is not there."""
    yield "| test | design | claim, % | wrong, % | ± | runs | |\n|---|---|---|---|---|---|---|"
    for name, design, claim, rate in TESTS:
        share, runs = rate()
        error = math.sqrt(share * (1 - share) / runs) if runs else 0.0
        allowed = claim + 2.6 * (math.sqrt(claim * (1 - claim) / runs) if runs else 0.0)
        said = "" if share <= allowed + 1e-9 else "**above**"
        spread = f"{100 * error:.1f}" if runs else "exact"
        drawn = f"{runs:,}" if runs else ""
        yield f"| {name} | {design} | {100 * claim:g} | {100 * share:.2f} | {spread} | {drawn} | {said} |"


HEAD = """# How honest the tests and intervals are

`python bench/honesty.py > docs/honesty.md` wrote this page, seeded. A 95 % interval should hold the truth in 95 % of
samples, and a test at 5 % should be sure of nothing in 5 %. Bold is a coverage below 93.5 % by more than two standard
errors of the simulation. `tests/simulations` asserts these claims.

## One share: accuracy, precision, recall, micro averages (F1 through a share)

Exact sums: coverage in percent, and in brackets the mean width. The last column is the least over all shares, at whose
worst most intervals fall far below 95 %. Blaker's never does, and of the two that never do it is the shorter.
"""
SCORES = f"""
## Other scores of one model

Coverage in percent, {RUNS} samples a cell (standard error 1.1 points at 95 %). The columns say how many rows are right,
or the true area under ROC. "Uneven" classes: 60, 30 and 10 %, or 50 % and seven of 7 %. Spread: how much wider the
positives' scores vary. What is bold has one or two rows of a class: it may not occur at all, and then the average is of
other classes. Near an area of 1 under ROC, and for average precision, the intervals are wider than they need be.
"""
DIFFERENCES = """
## The difference of two accuracies

Coverage in percent by exact sums, at the share right of the columns.
"""
ERRORS = """
## Tests where nothing differs

How often each is sure at its claim, in its own design. Tests with few possible answers stay below their claim.
"""


def main() -> None:
    began = time.perf_counter()
    for head, rows in ((HEAD, shares()), (SCORES, scores()), (DIFFERENCES, differences()), (ERRORS, errors())):
        print(head)
        for row in rows:
            print(row, flush=True)
    print("\n## Power\n")
    for sentence in power():
        print(f"- {sentence}")
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
