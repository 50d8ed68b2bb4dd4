"""The page ``pipelines.md``: tearless in pytest, continuous integration, pre-commit, scikit-learn and run trackers.

What is shown of outputs is computed when the page is made.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tempfile
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import polars as pl

import tearless
from tearless.cli import precommit
from tearless.doctor.new_rows import CERTAIN, ENOUGH
from tearless.integrations.pytest import assert_no_findings

ROOT = Path(__file__).parents[1]
WORKFLOW = "examples/pipeline/nightly.yml"
TITANIC = "examples/titanic.csv"
KNOWN = ["missing-values", "missing-not-at-random", "sorted-rows", "too-many-categories"]
ARGUMENTS = ["--fail-on", "warning", "--ignore", "identifier-column"]

PAGE = """# In pipelines

`python docs/build.py` wrote this page; every output on it was computed then. Tests run each step of the workflow and
each block of Python, those of MLflow and Weights & Biases where these are installed.

Exit status of `tearless check`: 0 nothing at or above `--fail-on`, 1 findings, 2 unusable input, 3 a fault of tearless
itself, 130 stopped. `--format github` writes annotations, `sarif` for code scanning, `junit` for build servers,
`markdown` for a summary, `html` one page, `json` for programs. They quote names and values of the table: who can read
them can read these.

## pytest

The plugin comes with the package (`-p no:tearless` turns it off) and imports nothing until a test asks:

```python
from tearless.integrations.pytest import assert_no_findings


def test_the_training_table(tearless_report):
    report = tearless_report("examples/titanic.csv", target="survived")
    assert_no_findings(report, ignore={known})
```

`tearless_report` takes what `tearless.check` takes, `against=` too. A file that did not change is checked once a
session (each process of pytest-xdist is one), a folder, an address or a table in memory each time. `at_least="error"`
lets warnings pass. A failing test says

```text
{failing}
```

and shows the reports that it asked for; JUnit has a line of each; `--tearless-reports DIR` writes them as pages.

## GitHub Actions

[{workflow}](../{workflow}) summarizes yesterday on the first night, then checks every night today's table against
the days before, annotates the run, uploads SARIF and JUnit, and keeps the facts of each day in a cache. A day with
errors fails the job and stays out of the history; `--fail-on warning` is stricter.

```yaml
{steps}
```

Each report is a run of its own. Where the table takes minutes, one run writes them all:

```python
from pathlib import Path

import tearless

report = tearless.check("today.csv", against="facts/*.facts")
Path("tearless.sarif").write_text(report.to_sarif(), encoding="utf-8")
Path("junit.xml").write_text(report.to_junit("error"), encoding="utf-8")
print(report.to_github())
failed = bool(report.at_least("error") or report.faults)
```

GitLab shows the JUnit file as `artifacts: reports: junit: junit.xml`; Jenkins with the step `junit 'junit.xml'`.

## pre-commit

```yaml
repos:
  - repo: https://github.com/OWNER/tearless # where your copy of it is
    rev: v{version}
    hooks:
      - id: tearless-check
        args: [{arguments}]
```

`args` are options of `tearless check`. Each CSV, TSV, JSON lines, Parquet and `.npy` file of a commit is a table of its
own; the worst exit status counts:

```text
{hook}
```

## scikit-learn

`InputCheck` stands first in a pipeline and hands everything through untouched. `fit` runs the checks on X, with y as
the target; `transform`, and so `predict`, compares new rows with what was fitted on:

```python
{code}
```

```text
{drift}
```

Columns that are gone, new or of another type are told at once. Few rows tell nothing: they are held until there are
`min_rows` ({enough}) and compared together. Each comparison is one more look, and the j-th is charged j(j + 1) times:
all looks of a fitted pipeline together, however many, alarm falsely with chance {certain} at most, if new rows come as
those of the fit did. Rows that come sorted, or all of one customer, are told as the change they are.

`on_findings` and `on_drift` are `"warn"`, `"raise"` (`tearless.FoundProblems`) or `"ignore"`. `report_` is the report
of the fit; `baseline_.save("fit.facts")` keeps what `tearless check TODAY --against fit.facts` needs. A pickled
`InputCheck` holds no rows. In a search every fold is checked: put it around the search,
`make_pipeline(InputCheck(), GridSearchCV(...))`.

## MLflow and Weights & Biases

A report is text and numbers, which either logs as it is:

```python
{counts}
```

```python
import mlflow

with mlflow.start_run():
    mlflow.log_metrics(counts)
    mlflow.log_text(report.to_html(), "tearless.html")
    mlflow.log_text(report.to_json(), "tearless.json")
```

```python
import wandb

with wandb.init(project="tables") as run:
    run.log({{**counts, "tearless/report": wandb.Html(report.to_html(), inject=False)}})
```
"""
CODE = """import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tearless.integrations.sklearn import InputCheck

rng = np.random.default_rng(0)
X = rng.normal(size=(2_000, 3))
model = make_pipeline(InputCheck(), StandardScaler(), LogisticRegression())
model.fit(X, X[:, 0] + rng.normal(size=2_000) > 0)
model.predict(rng.normal(size=(600, 3)) + [0.0, 0.0, 0.5])"""
COUNTS = """import tearless

report = tearless.check("examples/titanic.csv", target="survived")
severities = [finding.severity.name for finding in report.findings]
counts = {f"tearless/{name}s": severities.count(name) for name in ("error", "warning", "note")}"""


def text() -> str:
    """The page."""
    return PAGE.format(
        known=json.dumps(KNOWN),
        failing=_failing(),
        workflow=WORKFLOW,
        steps=_steps(),
        version=tearless.__version__,
        arguments=", ".join(ARGUMENTS),
        hook=_hook(),
        code=CODE,
        drift=_drift(),
        certain=CERTAIN,
        enough=ENOUGH,
        counts=COUNTS,
    )


def _failing() -> str:
    """What the test on the page fails with."""
    report = tearless.check(str(ROOT / TITANIC), target="survived")
    try:
        assert_no_findings(report, ignore=KNOWN)
    except tearless.FoundProblems as found:
        return str(found).replace(str(ROOT), "").replace("/examples", "examples")
    raise RuntimeError("the test on the page passes; find another table for it")


def _steps() -> str:
    """The steps of the workflow that are its own."""
    lines = (ROOT / WORKFLOW).read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if "name: Facts of the days before" in line)
    return "\n".join(line.removeprefix("      ") for line in lines[first:])


def _hook() -> str:
    """What the hook says of two tables."""
    rng = np.random.default_rng(0)
    sound = pl.DataFrame({"age": rng.normal(40, 12, 200), "fare": rng.normal(30, 9, 200)})
    said = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(said),
        mock.patch.dict(os.environ, {"COLUMNS": "1000", "NO_COLOR": "1"}),
    ):
        sound.write_csv("people.csv")
        sound.with_columns(unit=pl.lit("kg")).write_csv("orders.csv")
        precommit.main([*ARGUMENTS, "people.csv", "orders.csv"])
    return re.sub(r"\d+\.\d s, seed", "0.0 s, seed", said.getvalue().strip())


def _drift() -> str:
    """What the pipeline on the page warns of."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        exec(CODE, {})  # noqa: S102 (our own lines, above)
    return "\n".join(f"{one.category.__name__}: {one.message}" for one in told)
