"""Logistic regression on digits as in a first course: log-softmax, negative log-likelihood, SGD; prints the loss."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(67)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32) / 16
y = torch.tensor(y)
model = torch.nn.Linear(64, 10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for epoch in range(10):
    for idx in torch.randperm(len(X)).split(64):
        logp = F.log_softmax(model(X[idx]), dim=1)
        loss = logp.gather(1, y[idx].unsqueeze(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
