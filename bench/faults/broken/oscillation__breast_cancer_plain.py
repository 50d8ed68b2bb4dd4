"""Two-layer network for the breast cancer data written with bare tensors: own parameters, own update, no modules."""

import torch
from sklearn.datasets import load_breast_cancer

torch.manual_seed(3)
data = load_breast_cancer()
x = torch.tensor(data.data, dtype=torch.float32)
y = torch.tensor(data.target, dtype=torch.float32)
perm = torch.randperm(len(x))
x, y = x[perm], y[perm]
n = 400
mu, sd = x[:n].mean(0), x[:n].std(0)
x = (x - mu) / sd

w1 = (torch.randn(30, 16) / 30**0.5).requires_grad_()
b1 = torch.zeros(16, requires_grad=True)
w2 = (torch.randn(16, 1) / 4).requires_grad_()
b2 = torch.zeros(1, requires_grad=True)
params = [w1, b1, w2, b2]
lr = 6.0


def forward(inputs):
    hidden = torch.relu(inputs @ w1 + b1)
    return (hidden @ w2 + b2).squeeze(1)


for step in range(400):
    idx = torch.arange(n)
    p = torch.sigmoid(forward(x[idx]))
    loss = -(y[idx] * torch.log(p + 1e-7) + (1 - y[idx]) * torch.log(1 - p + 1e-7)).mean()
    loss.backward()
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad
            param.grad = None
    if step % 50 == 0:
        print(step, loss.item())

with torch.no_grad():
    print("test accuracy:", ((forward(x[n:]) > 0).float() == y[n:]).float().mean().item())
