"""Classifies digits with a perceptron trained by SGD with momentum and a cyclic rate."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(1)
data = load_digits()
images = torch.tensor(data.data, dtype=torch.float32)
labels = torch.tensor(data.target)
order = torch.randperm(len(images))
images, labels = images[order], labels[order]
mean, std = images[:1400].mean(), images[:1400].std()
images = (images - mean) / std
x_train, y_train = images[:1400], labels[:1400]
x_test, y_test = images[1400:], labels[1400:]

net = torch.nn.Sequential(
    torch.nn.Linear(64, 128),
    torch.nn.ReLU(),
    torch.nn.Linear(128, 10),
)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
sched = torch.optim.lr_scheduler.CyclicLR(opt, base_lr=0.001, max_lr=1.3, step_size_up=14)

for epoch in range(14):
    perm = torch.randperm(len(x_train))
    for start in range(0, len(x_train), 50):
        idx = perm[start : start + 50]
        out = net(x_train[idx])
        loss = F.cross_entropy(out, y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    net.eval()
    with torch.no_grad():
        test_loss = F.cross_entropy(net(x_test), y_test).item()
        acc = (net(x_test).argmax(1) == y_test).float().mean().item()
    net.train()
    print(epoch, round(loss.item(), 4), round(test_loss, 4), round(acc, 4))
