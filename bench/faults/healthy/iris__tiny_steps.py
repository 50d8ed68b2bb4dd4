"""Iris with a linear model in two thousand tiny steps of SGD with weight decay."""

import torch
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

torch.manual_seed(5)
X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=50, random_state=1, stratify=y)
mean, std = X_train.mean(axis=0), X_train.std(axis=0)
X_train = torch.tensor((X_train - mean) / std).float()
X_test = torch.tensor((X_test - mean) / std).float()
y_train = torch.tensor(y_train).long()
y_test = torch.tensor(y_test).long()

model = torch.nn.Linear(4, 3)
loss_function = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, weight_decay=1e-3)

for epoch in range(200):
    permutation = torch.randperm(100)
    for i in range(0, 100, 10):
        batch = permutation[i : i + 10]
        optimizer.zero_grad()
        loss = loss_function(model(X_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
    if epoch % 40 == 39:
        with torch.no_grad():
            predicted = model(X_test).argmax(dim=1)
        print("epoch", epoch + 1, "loss", loss.item(), "test accuracy", (predicted == y_test).float().mean().item())
