"""Digit classifier whose weights are averaged over time; the average is what is tested."""

import copy

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class EMA:
    def __init__(self, model, decay=0.98):
        self.shadow = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.lerp_(p, 1 - self.decay)


torch.manual_seed(19)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor((x - 8) / 8, dtype=torch.float32), torch.tensor(y)
order = torch.randperm(len(x))
x, y = x[order], y[order]
loader = DataLoader(TensorDataset(x[:1400], y[:1400]), 64, shuffle=True)
model = nn.Sequential(nn.Linear(64, 80), nn.Sigmoid(), nn.Linear(80, 40), nn.Sigmoid(), nn.Linear(40, 10))
nn.init.constant_(model[0].bias, 15.0)
nn.init.constant_(model[2].bias, 12.0)
ema = EMA(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(14):
    for xb, yb in loader:
        loss = nn.functional.cross_entropy(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update(model)
    with torch.no_grad():
        raw = (model(x[1400:]).argmax(1) == y[1400:]).float().mean()
        averaged = (ema.shadow(x[1400:]).argmax(1) == y[1400:]).float().mean()
    print(f"epoch {epoch} loss {loss.item():.4f} raw {raw:.4f} averaged {averaged:.4f}")
