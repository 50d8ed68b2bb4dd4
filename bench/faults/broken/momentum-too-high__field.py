"""Learns a smooth surface from noisy samples; the slope of the network with respect to its input is penalised."""

import torch
from torch import nn

torch.manual_seed(59)


def surface(p):
    return torch.sin(2 * p[:, :1]) * torch.cos(p[:, 1:])


x_train = torch.rand(600, 2) * 4 - 2
y_train = surface(x_train) + 0.05 * torch.randn(600, 1)
x_test = torch.rand(500, 2) * 4 - 2
y_test = surface(x_test)

model = nn.Sequential(nn.Linear(2, 48), nn.Softplus(beta=3), nn.Linear(48, 48), nn.Softplus(beta=3), nn.Linear(48, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.999)

for step in range(500):
    idx = torch.randint(0, 600, (50,))
    inputs = x_train[idx].clone().requires_grad_(True)
    out = model(inputs)
    (slope,) = torch.autograd.grad(out.sum(), inputs, create_graph=True)
    fit = nn.functional.mse_loss(out, y_train[idx])
    loss = fit + 1e-3 * slope.pow(2).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        with torch.no_grad():
            error = nn.functional.mse_loss(model(x_test), y_test).item()
        print(f"step {step + 1} fit {fit.item():.4f} slope {slope.norm(dim=1).mean().item():.3f} test {error:.4f}")
print("explained", 1 - error / y_test.var().item())
