"""Predicts the progress of diabetes from ten measurements with a small network and the Huber loss."""

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset


def prepare(seed=0):
    X, y = load_diabetes(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(X))
    train, test = order[:350], order[350:]
    x_scaler = StandardScaler().fit(X[train])
    y_scaler = StandardScaler().fit(y[train].reshape(-1, 1))
    X = torch.tensor(x_scaler.transform(X), dtype=torch.float32)
    y = torch.tensor(y_scaler.transform(y.reshape(-1, 1)), dtype=torch.float32)
    return X[train], y[train], X[test], y[test]


class Regressor(torch.nn.Module):
    def __init__(self, n_features, hidden=16):
        super().__init__()
        self.hidden = torch.nn.Linear(n_features, hidden)
        self.out = torch.nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(torch.nn.functional.silu(self.hidden(x)))


def main():
    torch.manual_seed(0)
    X_train, y_train, X_test, y_test = prepare()
    loader = DataLoader(TensorDataset(X_train, y_train), batch_size=1, shuffle=True)
    model = Regressor(X_train.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    loss_fn = torch.nn.HuberLoss()
    for epoch in range(4):
        losses = []
        for xb, yb in loader:
            pred = model(xb)
            loss = loss_fn(pred, yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        if epoch % 1 == 0:
            print(f"epoch {epoch} loss {np.mean(losses):.4f}")
    model.eval()
    with torch.no_grad():
        print("test R2:", r2_score(y_test.numpy(), model(X_test).numpy()))


if __name__ == "__main__":
    main()
