"""Train a small network on scikit-learn's digits. It runs, its loss falls, and it stays far below its best."""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(0)
digits = load_digits()
images = torch.tensor(digits.data / 16, dtype=torch.float32)
labels = torch.tensor(digits.target)
train, test = train_test_split(range(len(labels)), test_size=0.25, random_state=0, stratify=digits.target)

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
loss_function = nn.CrossEntropyLoss()

for epoch in range(12):
    model.train()
    for batch in torch.tensor(train)[torch.randperm(len(train))].split(64):
        loss = loss_function(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        answers = model(images[test])
        right = (answers.argmax(1) == labels[test]).float().mean()
        print(f"epoch {epoch + 1:2}: loss {loss_function(answers, labels[test]):.3f}, {right:.1%} right")
