"""A trunk is trained on the digits 0 to 4; then it is frozen and only a new head learns the digits 5 to 9."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def subset(low, high):
    digits = load_digits()
    x = torch.tensor(digits.data, dtype=torch.float32) / 16
    y = torch.tensor(digits.target)
    keep = (y >= low) & (y < high)
    x, y = x[keep], y[keep] - low
    order = torch.randperm(len(x))
    x, y = x[order], y[order]
    return TensorDataset(x[:700], y[:700]), TensorDataset(x[700:], y[700:])


def fit(model, optimizer, dataset, epochs):
    loader = DataLoader(dataset, batch_size=35, shuffle=True)
    loss_fn = nn.CrossEntropyLoss()
    model.train()
    for epoch in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
        print(f"  epoch {epoch} loss {loss.item():.4f}")


def test(model, dataset):
    model.eval()
    x, y = dataset.tensors
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(17)
    trunk = nn.Sequential(nn.Linear(64, 160), nn.ReLU())
    model = nn.Sequential(trunk, nn.Linear(160, 5))
    train, held_out = subset(0, 5)
    fit(model, torch.optim.Adam(model.parameters(), lr=2e-3), train, 8)
    print("first task", test(model, held_out))

    for p in trunk.parameters():
        p.requires_grad = False
    model[1] = nn.Linear(160, 5)
    train, held_out = subset(5, 10)
    head_optimizer = torch.optim.Adam(model[1].parameters(), lr=5e-3)
    fit(model, head_optimizer, train, 14)
    print("second task", test(model, held_out))


if __name__ == "__main__":
    main()
