"""A small network learns digits from a bigger one: KL divergence between softened outputs, mixed with cross-entropy."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(12)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
order = torch.randperm(len(X))
X, y = X[order], y[order]
x_train, y_train, x_test, y_test = X[:1400], y[:1400], X[1400:], y[1400:]

teacher = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
student = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))


def batches(size=50):
    yield from torch.randperm(len(x_train)).split(size)


def accuracy(model):
    with torch.no_grad():
        return (model(x_test).argmax(1) == y_test).float().mean().item()


optimizer = torch.optim.Adam(teacher.parameters(), lr=3e-3)
for _ in range(8):
    for idx in batches():
        optimizer.zero_grad()
        F.cross_entropy(teacher(x_train[idx]), y_train[idx]).backward()
        optimizer.step()
print("teacher", accuracy(teacher))

teacher.eval()
T, alpha = 3.0, 0.7
optimizer = torch.optim.Adam(student.parameters(), lr=5e-3)
for epoch in range(12):
    for idx in batches():
        with torch.no_grad():
            soft = F.softmax(teacher(x_train[idx]) / T, dim=1)
        logits = student(x_train[idx])
        distill = F.kl_div(F.log_softmax(logits / T, dim=1), soft, reduction="batchmean") * T * T
        loss = alpha * distill + (1 - alpha) * F.cross_entropy(logits, y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("student", epoch, round(loss.item(), 4), round(accuracy(student), 4))
