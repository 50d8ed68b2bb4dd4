"""Learns to predict the noise in two-dimensional spirals at random noise levels, as diffusion models do."""

import math

import torch
from torch import nn


def spiral(n):
    t = torch.rand(n).sqrt() * 3 * math.pi
    return torch.stack([t * t.cos(), t * t.sin()], dim=1) / 6


class Denoiser(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(4, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2)
        )

    def forward(self, x, level):
        return self.net(torch.cat([x, level, level.square()], dim=1))


def objective(model, n):
    clean, noise, level = spiral(n), torch.randn(n, 2), torch.rand(n, 1)
    noisy = (1 - level).sqrt() * clean + level.sqrt() * noise
    return ((model(noisy, level) - noise) ** 2).mean()


def main():
    torch.manual_seed(97)
    model = Denoiser()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    for block in range(12):
        model.train()
        for _ in range(50):
            loss = objective(model, 128)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        model.eval()
        with torch.no_grad():
            print(f"block {block} loss {loss.item():.4f} fresh {objective(model, 4000).item():.4f}")


if __name__ == "__main__":
    main()
