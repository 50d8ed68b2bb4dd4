"""Contrastive training: two noisy views of a digit shall point the same way, views of different digits apart."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(83)
data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) / 16
y = torch.tensor(data.target)
order = torch.randperm(len(x))
x, y = x[order], y[order]


def view(images):
    return images + 0.15 * torch.randn_like(images)


encoder = nn.Sequential(nn.Linear(64, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Linear(96, 24))
optimizer = torch.optim.Adam(encoder.parameters(), lr=2e-3, weight_decay=1e-4)
encoder.train()
for step in range(250):
    images = x[torch.randint(0, 1400, (64,))]
    a, b = F.normalize(encoder(view(images)), dim=1), F.normalize(encoder(view(images)), dim=1)
    similarity = a @ b.T / 0.01
    labels = torch.arange(64)
    odds = torch.exp(similarity)
    right = odds[labels, labels]
    loss = -(torch.log(right / odds.sum(0)) + torch.log(right / odds.sum(1))).mean() / 2
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.4f}")

encoder.eval()
with torch.no_grad():
    codes = F.normalize(encoder(x), dim=1)
    nearest = (codes[1400:] @ codes[:1400].T).argmax(1)
    print("neighbour accuracy", (y[:1400][nearest] == y[1400:]).float().mean().item())
