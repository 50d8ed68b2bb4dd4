"""A rare class is to be told from the common one; balanced accuracy as the score."""

import torch
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def data():
    X, y = make_classification(2400, 12, n_informative=6, weights=[0.985], class_sep=1.0, flip_y=0.01, random_state=5)
    X = (X - X.mean(0)) / X.std(0)
    parts = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
    return [torch.tensor(p, dtype=torch.float32 if p.ndim == 2 else torch.long) for p in parts]


def main():
    torch.manual_seed(0)
    X_train, X_test, y_train, y_test = data()
    loader = DataLoader(TensorDataset(X_train, y_train), batch_size=60, shuffle=True)
    model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 2))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(12):
        total = 0.0
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item()
        with torch.no_grad():
            predicted = model(X_test).argmax(1)
        score = balanced_accuracy_score(y_test.numpy(), predicted.numpy())
        print(f"epoch {epoch} loss {total / len(loader):.4f} balanced accuracy {score:.3f}")


if __name__ == "__main__":
    main()
