"""Learns the parity of six of thirty switches."""

import torch

torch.manual_seed(53)
X = torch.randint(0, 2, (30000, 30)).float() * 2 - 1
y = (X[:, [2, 7, 11, 13, 17, 26]].prod(1) > 0).float()
X_train, y_train, X_test, y_test = X[:28000], y[:28000], X[28000:], y[28000:]

model = torch.nn.Sequential(
    torch.nn.Linear(30, 24), torch.nn.Tanh(), torch.nn.Linear(24, 24), torch.nn.Tanh(), torch.nn.Linear(24, 1)
)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = torch.nn.BCEWithLogitsLoss()
for step in range(500):
    idx = torch.randint(0, 28000, (60,))
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
