"""Make the predictions in this folder: real tables of scikit-learn, two or three models each, every row held out once.

Run ``python examples/make_predictions.py``. Five folds, shuffled with seed 0; scikit-learn 1.9.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent


def scaled(model):
    return make_pipeline(StandardScaler(), model)


def digits() -> None:
    x, y = load_digits(return_X_y=True)
    models = {
        "logistic": scaled(LogisticRegression(max_iter=2000)),
        "forest": RandomForestClassifier(100, random_state=0),
    }
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for name, model in models.items():
        found = cross_val_predict(model, x, y, cv=folds)
        pl.DataFrame({"id": np.arange(len(y)), "truth": y, "predicted": found}).write_csv(HERE / f"digits_{name}.csv")


def breast_cancer() -> None:
    data = load_breast_cancer()
    y = (data.target == 0).astype(int)  # 1: malignant
    models = {
        "logistic": scaled(LogisticRegression(max_iter=2000)),
        "naive_bayes": GaussianNB(),
        "forest": RandomForestClassifier(100, random_state=0),
    }
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for name, model in models.items():
        p = cross_val_predict(model, data.data, y, cv=folds, method="predict_proba")[:, 1]
        frame = pl.DataFrame({"id": np.arange(len(y)), "malignant": y, "probability": p})
        frame.rename({"malignant": "truth"}).write_csv(HERE / f"breast_cancer_{name}.csv", float_precision=6)


def diabetes() -> None:
    x, y = load_diabetes(return_X_y=True)
    models = {"ridge": scaled(Ridge(10.0)), "forest": RandomForestRegressor(100, random_state=0)}
    for name, model in models.items():
        found = cross_val_predict(model, x, y, cv=KFold(5, shuffle=True, random_state=0))
        frame = pl.DataFrame({"id": np.arange(len(y)), "truth": y, "predicted": found})
        frame.write_csv(HERE / f"diabetes_{name}.csv", float_precision=3)


if __name__ == "__main__":
    digits()
    breast_cancer()
    diabetes()
