"""A tiny GAN draws points of a ring; generator and discriminator have an optimiser each."""

import math

import torch
from torch import nn

torch.manual_seed(2)


def real(n):
    angle = torch.rand(n) * 2 * math.pi
    radius = 1 + 0.05 * torch.randn(n)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


G = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
D = nn.Sequential(nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.99))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.99))
bce = nn.BCEWithLogitsLoss()
B = 128
ones, zeros = torch.ones(B, 1), torch.zeros(B, 1)

for it in range(1200):
    fake = G(torch.randn(B, 4))
    d_loss = bce(D(real(B)), ones) + bce(D(fake.detach()), zeros)
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    g_loss = bce(D(G(torch.randn(B, 4))), ones)
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if it % 200 == 199:
        with torch.no_grad():
            radius = G(torch.randn(500, 4)).norm(dim=1)
        print(f"{it + 1} D {d_loss.item():.3f} G {g_loss.item():.3f} radius {radius.mean():.3f} +- {radius.std():.3f}")
