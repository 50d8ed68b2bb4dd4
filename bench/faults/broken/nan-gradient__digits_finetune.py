"""Fine-tunes a pretrained digit network on a small set of noisy images: low rate for the body, higher for the head."""

import copy

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(31)
digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16 - 0.3
y = torch.tensor(digits.target)
order = torch.randperm(len(x))
x, y = x[order], y[order]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.power = nn.Parameter(torch.tensor(3.0))
        self.head = nn.Linear(24, 10)

    def forward(self, images):
        maps = self.body(images)
        pooled = maps.pow(self.power).mean(dim=(2, 3)).pow(1 / self.power)
        return self.head(pooled)


def run(model, optimizer, images, targets, steps, size):
    model.train()
    for step in range(steps):
        pick = torch.randint(0, len(images), (size,))
        loss = F.cross_entropy(model(images[pick]), targets[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print("step", step, "loss", round(loss.item(), 4))


def score(model, images, targets):
    model.eval()
    with torch.no_grad():
        return (model(images).argmax(1) == targets).float().mean().item()


pretrained = Net()
run(pretrained, torch.optim.Adam(pretrained.parameters(), lr=4e-3), x[:1000], y[:1000], 200, 64)

noisy = x + 0.25 * torch.randn_like(x)
model = copy.deepcopy(pretrained)
model.head = nn.Linear(24, 10)
optimizer = torch.optim.Adam(
    [
        {"params": model.body.parameters(), "lr": 5e-4},
        {"params": model.head.parameters(), "lr": 5e-3},
    ]
)
run(model, optimizer, noisy[1000:1500], y[1000:1500], 200, 32)
print("accuracy on noisy images", score(model, noisy[1500:], y[1500:]))
