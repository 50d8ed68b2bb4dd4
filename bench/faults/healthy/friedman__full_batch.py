"""Regression on Friedman's function by plain gradient descent on the whole training set."""

import torch
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

torch.manual_seed(11)
X, y = make_friedman1(n_samples=1500, n_features=10, noise=1.0, random_state=11)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
X_train, X_test = (torch.tensor(a, dtype=torch.float32) * 2 - 1 for a in (X_train, X_test))
y_mean, y_std = y_train.mean(), y_train.std()
y_train = torch.tensor((y_train - y_mean) / y_std, dtype=torch.float32).unsqueeze(1)
y_test = torch.tensor((y_test - y_mean) / y_std, dtype=torch.float32).unsqueeze(1)

model = torch.nn.Sequential(
    torch.nn.Linear(10, 64),
    torch.nn.ReLU(),
    torch.nn.Linear(64, 64),
    torch.nn.ReLU(),
    torch.nn.Linear(64, 1),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.15)
mse = torch.nn.MSELoss()

n_batches = len(X_train) // 60
for epoch in range(20):
    order = torch.randperm(len(X_train))
    epoch_loss = 0.0
    for b in range(n_batches):
        rows = slice(None)
        optimizer.zero_grad()
        prediction = model(X_train[rows])
        loss = mse(prediction, y_train[rows])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() / n_batches
    with torch.no_grad():
        test_loss = mse(model(X_test), y_test).item()
    print(f"{epoch:3d}  train {epoch_loss:.4f}  test {test_loss:.4f}")
print("explained:", 1 - test_loss / y_test.var().item())
