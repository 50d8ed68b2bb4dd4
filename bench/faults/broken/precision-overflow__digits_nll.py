"""Logistic regression on digits as in a first course: log-softmax, negative log-likelihood, SGD; prints the loss."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(67)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y)
model = torch.nn.Linear(64, 10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    for idx in torch.randperm(len(X)).split(64):
        odds = torch.exp(model(X[idx]))
        logp = torch.log(odds / odds.sum(1, keepdim=True))
        loss = F.nll_loss(logp, y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
