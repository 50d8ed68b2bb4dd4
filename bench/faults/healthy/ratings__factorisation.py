"""Recommends from ratings: user and item vectors with biases, learnt by Adam from pairs."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Factors(nn.Module):
    def __init__(self, users, items, k=6):
        super().__init__()
        self.user = nn.Embedding(users, k)
        self.item = nn.Embedding(items, k)
        self.user_bias = nn.Embedding(users, 1)
        self.item_bias = nn.Embedding(items, 1)
        self.mean = nn.Parameter(torch.zeros(()))
        for table in (self.user, self.item):
            nn.init.normal_(table.weight, std=0.3)
        for table in (self.user_bias, self.item_bias):
            nn.init.zeros_(table.weight)

    def forward(self, u, i):
        dot = (self.user(u) * self.item(i)).sum(-1)
        return dot + self.user_bias(u).squeeze(-1) + self.item_bias(i).squeeze(-1) + self.mean


def ratings(users=80, items=60, n=4000):
    generator = torch.Generator().manual_seed(1)
    a = torch.randn(users, 3, generator=generator)
    b = torch.randn(items, 3, generator=generator)
    u = torch.randint(0, users, (n,), generator=generator)
    i = torch.randint(0, items, (n,), generator=generator)
    score = (a[u] * b[i]).sum(1) / 1.7 + 0.3 * torch.randn(n, generator=generator)
    return TensorDataset(u, i, score)


def main():
    torch.manual_seed(71)
    train, test = random_split(ratings(), [3400, 600])
    model = Factors(80, 60)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(12):
        for u, i, r in DataLoader(train, batch_size=100, shuffle=True):
            penalty = 1e-2 * (model.user(u).pow(2).sum(1) + model.item(i).pow(2).sum(1)).mean()
            loss = nn.functional.mse_loss(model(u, i), r) + penalty
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            u, i, r = (torch.stack(t) for t in zip(*test))
            error = nn.functional.mse_loss(model(u, i), r).item()
        print(f"epoch {epoch} train {loss.item():.3f} test {error:.3f}")
    print("explained", 1 - error / r.var().item())


if __name__ == "__main__":
    main()
