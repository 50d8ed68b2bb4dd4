"""Time and memory of the whole check beside rivals, each a process of its own, in turn, in one run.

``python bench/speed.py FILE.parquet [--runs 3] [--rival NAME=PYTHON ...]`` prints a table of medians and ratios. A
rival that does not install beside tearless runs in a virtual environment of its own: name its interpreter, for
instance ``--rival ydata=~/ydata/bin/python``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

READ = "import sys; path = sys.argv[1]\n"
PROGRAMS = {
    "tearless": "import tearless; tearless.check(path)",
    "polars": "import polars as pl; pl.read_parquet(path).describe()",
    "ydata": "import pandas as pd\nfrom ydata_profiling import ProfileReport\n"
    "ProfileReport(pd.read_parquet(path), minimal=True, progress_bar=False).get_description()",
    "deepchecks": "import pandas as pd\nfrom deepchecks.tabular import Dataset\n"
    "from deepchecks.tabular.suites import data_integrity\n"
    "frame = pd.read_parquet(path)\n"
    "cat = [c for c in frame if frame[c].dtype == object]\n"
    "data_integrity().run(Dataset(frame, cat_features=cat))",
}


def run(python: str, program: str, path: str) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak resident megabytes of one process."""
    began = time.perf_counter()
    child = subprocess.Popen([python, "-W", "ignore", "-c", READ + program, path], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{program!r} failed with status {status}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rival", action="append", default=[], metavar="NAME=PYTHON")
    given = parser.parse_args()
    pythons = {"tearless": sys.executable, "polars": sys.executable}
    pythons |= {name: os.path.expanduser(python) for name, python in (r.split("=", 1) for r in given.rival)}
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in pythons}
    for _ in range(given.runs):
        for name, python in pythons.items():
            seen[name].append(run(python, PROGRAMS[name], given.path))
    middle = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in seen.items()}
    print(f"{'program':<12}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'wall / tearless':>17}")
    for name, (wall, cpu, peak) in middle.items():
        print(f"{name:<12}{wall:>9.2f}{cpu:>9.2f}{peak:>9.0f}{wall / middle['tearless'][0]:>17.2f}")


if __name__ == "__main__":
    main()
