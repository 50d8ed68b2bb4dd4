"""Embeds digits so that equal ones lie close together: triplets, margin loss, nearest neighbour at the end."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

rng = np.random.default_rng(6)
torch.manual_seed(6)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16, dtype=torch.float32)
order = rng.permutation(len(X))
train, test = order[:1300], order[1300:]
by_class = {c: train[y[train] == c] for c in range(10)}


def draw(size):
    anchors, positives, negatives = [], [], []
    for _ in range(size):
        a, b = rng.choice(10, 2, replace=False)
        anchor, positive = rng.choice(by_class[a], 2)
        anchors.append(anchor)
        positives.append(positive)
        negatives.append(rng.choice(by_class[b]))
    return X[anchors], X[positives], X[negatives]


class Embedder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, dim))

    def forward(self, x):
        return nn.functional.normalize(self.net(x), dim=1)


def neighbour_accuracy(model):
    model.eval()
    with torch.no_grad():
        known, asked = model(X[train]), model(X[test])
        nearest = torch.cdist(asked, known).argmin(1).numpy()
    model.train()
    return (y[train][nearest] == y[test]).mean()


model = Embedder()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def loss_fn(a, p, n, margin=0.5):
    near = torch.sqrt(((a - p) ** 2).sum(1))
    far = torch.sqrt(((a - n) ** 2).sum(1))
    return torch.relu(near - far + margin).mean()


print("before", neighbour_accuracy(model))
for step in range(250):
    a, p, n = draw(32)
    loss = loss_fn(model(a), model(p), model(n))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 49:
        print(f"step {step + 1} loss {loss.item():.4f} accuracy {neighbour_accuracy(model):.3f}")
