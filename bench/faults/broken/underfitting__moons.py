"""Tells the points of an inner circle from those of an outer one."""

import torch
from sklearn.datasets import make_circles

torch.manual_seed(53)
X, y = make_circles(2400, noise=0.08, factor=0.5, random_state=53)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)
X_train, y_train, X_test, y_test = X[:1800], y[:1800], X[1800:], y[1800:]

model = torch.nn.Sequential(torch.nn.Linear(2, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = torch.nn.BCEWithLogitsLoss()
for step in range(500):
    idx = torch.randint(0, 1800, (60,))
    loss = loss_fn(model(X_train[idx]).squeeze(1), y_train[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        with torch.no_grad():
            logits = model(X_test).squeeze(1)
        print(
            step + 1,
            "test loss",
            loss_fn(logits, y_test).item(),
            "accuracy",
            ((logits > 0) == (y_test > 0)).float().mean().item(),
        )
