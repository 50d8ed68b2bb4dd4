"""Write the example tables anew from the packages that carry them, scikit-learn and statsmodels."""

from __future__ import annotations

import csv
import gzip
from importlib.resources import files
from pathlib import Path

from sklearn.datasets import load_wine
from statsmodels.datasets import longley

HERE = Path(__file__).parent


def titanic() -> list[list[str]]:
    """All 1,309 passengers, from the copy of OpenML data set 40945 that scikit-learn tests itself with."""
    packed = files("sklearn.datasets.tests.data.openml.id_40945") / "data-v1-dl-16826755.arff.gz"
    lines = gzip.decompress(packed.read_bytes()).decode().splitlines()
    names = [line.split("'")[1] for line in lines if line.lower().startswith("@attribute")]
    start = lines.index("@data") + 1
    rows = csv.reader((line for line in lines[start:] if line), escapechar="\\")
    return [names, *([("" if cell == "?" else cell) for cell in row] for row in rows)]


def write(name: str, rows: list[list[str]]) -> None:
    with (HERE / name).open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    write("titanic.csv", titanic())
    wine = load_wine(as_frame=True).frame
    write("wine.csv", [list(wine.columns), *([str(v) for v in row] for row in wine.itertuples(index=False))])
    economy = longley.load_pandas().data
    write("longley.csv", [list(economy.columns), *([str(v) for v in row] for row in economy.itertuples(index=False))])
