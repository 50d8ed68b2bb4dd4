"""Breast cancer classifier that stops when the validation loss has not fallen for some epochs and keeps the best."""

import copy

import torch
from sklearn.datasets import load_breast_cancer
from torch import nn

torch.manual_seed(43)
data = load_breast_cancer()
x = torch.tensor(data.data, dtype=torch.float32)
y = torch.tensor(data.target)
order = torch.randperm(len(x))
fit, val, test = order[:340], order[340:450], order[450:]
x = (x - x[fit].mean(0)) / x[fit].std(0)

model = nn.Sequential(
    nn.Linear(30, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 2)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.8, weight_decay=1e-3)
loss_fn = nn.CrossEntropyLoss()

best, best_state, bad, patience = float("inf"), None, 0, 6
for epoch in range(6):
    model.train()
    for idx in fit[torch.randperm(len(fit))].split(2):
        loss = loss_fn(model(x[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = loss_fn(model(x[val]), y[val]).item()
    if val_loss < best - 1e-4:
        best, best_state, bad = val_loss, copy.deepcopy(model.state_dict()), 0
    else:
        bad += 1
        if bad == patience:
            print("stopped after epoch", epoch)
            break
    print(f"epoch {epoch} validation {val_loss:.4f}")
model.load_state_dict(best_state)
with torch.no_grad():
    print("test accuracy", (model(x[test]).argmax(1) == y[test]).float().mean().item())
