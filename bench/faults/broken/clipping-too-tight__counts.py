"""Poisson regression of counts with a small network; the logarithm of the rate is what it gives."""

import torch
from torch import nn

torch.manual_seed(73)
x = torch.randn(2000, 5)
rate = torch.exp(0.8 * x[:, 0] - 0.5 * x[:, 1] + 0.4 * x[:, 2] * x[:, 3])
y = torch.poisson(rate.clamp(max=30))
net = nn.Sequential(nn.Linear(5, 32), nn.ELU(), nn.Linear(32, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.05)
loss_fn = nn.PoissonNLLLoss(log_input=True)
for epoch in range(12):
    for rows in torch.randperm(1600).split(50):
        loss = loss_fn(net(x[rows]).squeeze(-1), y[rows])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(net.parameters(), 1e-4)
        opt.step()
    with torch.no_grad():
        held_out = loss_fn(net(x[1600:]).squeeze(-1), y[1600:]).item()
        ideal = loss_fn(rate[1600:].log(), y[1600:]).item()
    print(f"epoch {epoch}: {loss.item():.4f} held out {held_out:.4f} (with the true rate {ideal:.4f})")
