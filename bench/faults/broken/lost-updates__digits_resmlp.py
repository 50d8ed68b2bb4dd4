"""A residual perceptron for digits whose blocks are recomputed in the backward pass to save memory."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.up = nn.Linear(dim, 2 * dim)
        self.down = nn.Linear(2 * dim, dim)

    def forward(self, x):
        return x + self.down(nn.functional.gelu(self.up(self.norm(x))))


class ResMLP(nn.Module):
    def __init__(self, dim=48, depth=4):
        super().__init__()
        self.stem = nn.Linear(64, dim)
        self.blocks = nn.ModuleList([Block(dim) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False) if self.training else block(x)
        return self.head(self.norm(x))


torch.manual_seed(37)
images, labels = load_digits(return_X_y=True)
images = torch.tensor(images, dtype=torch.float32)
images = ((images - images.mean()) / images.std()).to(torch.bfloat16)
labels = torch.tensor(labels)
order = torch.randperm(len(images))
train, test = order[:1400], order[1400:]
model = ResMLP().to(torch.bfloat16)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8 * 22)
for epoch in range(8):
    model.train()
    for idx in train[torch.randperm(len(train))].split(64):
        loss = nn.functional.cross_entropy(model(images[idx]), labels[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    model.eval()
    with torch.no_grad():
        acc = (model(images[test]).argmax(1) == labels[test]).float().mean()
    print(f"epoch {epoch} loss {loss.item():.4f} test {acc.item():.4f}")
