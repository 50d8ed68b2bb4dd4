"""Reads each digit image pixel by pixel with a hand-written recurrent cell."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class RowReader(nn.Module):
    def __init__(self, hidden_size=48, classes=10):
        super().__init__()
        self.cell = nn.Linear(8 + hidden_size, hidden_size)
        nn.init.normal_(self.cell.weight, std=3.5 / (8 + hidden_size) ** 0.5)
        self.head = nn.Linear(hidden_size, classes)

    def forward(self, rows):
        pixels = rows.flatten(1).split(1, dim=1)
        h = rows.new_zeros(len(rows), self.head.in_features)
        for pixel in pixels:
            h = torch.relu(self.cell(torch.cat([pixel.expand(-1, 8), h], dim=1)))
        return self.head(h)


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
    train_loader = DataLoader(TensorDataset(x[train_rows], y[train_rows]), batch_size=100, shuffle=True)
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
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(train_loader):.3f} test accuracy {accuracy(model, test_loader):.3f}")


if __name__ == "__main__":
    main()
