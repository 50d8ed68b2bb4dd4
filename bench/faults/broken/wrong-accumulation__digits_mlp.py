"""Digit classifier that adds up the gradients of four small batches before each step; the last batch is shorter."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def main():
    torch.manual_seed(47)
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x / 16, dtype=torch.float32)
    y = torch.tensor(y)
    order = torch.randperm(len(x))
    x, y = x[order], y[order]
    loader = DataLoader(TensorDataset(x[:1390], y[:1390]), batch_size=8, shuffle=True)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    accumulate = 16
    for epoch in range(14):
        optimizer.zero_grad()
        total = 0.0
        for i, (xb, yb) in enumerate(loader):
            loss = criterion(model(xb), yb)
            loss.backward()
            total += loss.item()
            if (i + 1) % accumulate == 0 or i + 1 == len(loader):
                optimizer.step()
                optimizer.zero_grad()
        with torch.no_grad():
            acc = (model(x[1390:]).argmax(1) == y[1390:]).float().mean().item()
        print(f"epoch {epoch} loss {total / len(loader):.4f} accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
