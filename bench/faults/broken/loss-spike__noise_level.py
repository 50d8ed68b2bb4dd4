"""Regression that also predicts its own uncertainty, where the noise grows with the input."""

import torch
from torch import nn

torch.manual_seed(79)
x = torch.rand(2000, 1) * 4 - 2
sigma = 0.1 + 0.2 * (x + 2)
y = torch.sin(2 * x) + sigma * torch.randn(2000, 1)
y[[300, 900]] *= 1000


class MeanAndVariance(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())
        self.mean = nn.Linear(width, 1)
        self.raw = nn.Linear(width, 1)

    def forward(self, inputs):
        h = self.trunk(inputs)
        return self.mean(h), nn.functional.softplus(self.raw(h)) + 1e-4


model = MeanAndVariance()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.GaussianNLLLoss()
for epoch in range(16):
    for rows in torch.randperm(1600).split(64):
        mean, variance = model(x[rows])
        loss = criterion(mean, y[rows], variance)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        mean, variance = model(x[1600:])
        test = criterion(mean, y[1600:], variance).item()
    print(f"epoch {epoch} train {loss.item():.3f} test {test:.3f}")
print("ideal", criterion(torch.sin(2 * x[1600:]), y[1600:], sigma[1600:] ** 2).item())
