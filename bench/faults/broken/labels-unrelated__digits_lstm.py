"""Reads each digit image as a sequence of eight rows with an LSTM; gradients are clipped to norm 1."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class RowReader(nn.Module):
    def __init__(self, hidden_size=48, classes=10):
        super().__init__()
        self.lstm = nn.LSTM(8, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, classes)

    def forward(self, rows):
        _, (h, _) = self.lstm(rows)
        return self.head(h[-1])


def accuracy(model, loader):
    model.eval()
    hits = []
    with torch.no_grad():
        for x, y in loader:
            hits.append((model(x).argmax(-1) == y).float())
    return torch.cat(hits).mean().item()


def main():
    torch.manual_seed(13)
    digits = load_digits()
    x = (torch.tensor(digits.images, dtype=torch.float32) - 8) / 8
    y = torch.tensor(digits.target)
    split = torch.randperm(len(x))
    train_rows, test_rows = split[:1400], split[1400:]
    train_loader = DataLoader(TensorDataset(x[train_rows], y[train_rows.sort().values]), batch_size=40, shuffle=True)
    test_loader = DataLoader(TensorDataset(x[test_rows], y[test_rows]), batch_size=100)
    model = RowReader()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(9):
        model.train()
        total = 0.0
        for xb, yb in train_loader:
            optimizer.zero_grad(set_to_none=True)
            loss = loss_fn(model(xb), yb)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(train_loader):.3f} test accuracy {accuracy(model, test_loader):.3f}")


if __name__ == "__main__":
    main()
