"""A plain RNN sums marked numbers of a short sequence (the adding problem), regression on its last state."""

import torch
from torch import nn


def sequences(n, length=50):
    values = torch.rand(n, length) - 0.5
    marks = torch.zeros(n, length)
    for row in marks:
        row[torch.randperm(length)[:2]] = 1
    return torch.stack([values, marks], dim=-1), (values * marks).sum(1, keepdim=True)


class Adder(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, nonlinearity="relu", batch_first=True)
        self.out = nn.Linear(hidden, 1)
        nn.init.orthogonal_(self.rnn.weight_hh_l0, gain=1.6)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.out(h[0])


torch.manual_seed(101)
x, y = sequences(2000)
x_test, y_test = sequences(500)
model = Adder()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
for step in range(500):
    idx = torch.randint(0, len(x), (50,))
    loss = nn.functional.mse_loss(model(x[idx]), y[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        with torch.no_grad():
            test = nn.functional.mse_loss(model(x_test), y_test).item()
        print(f"step {step + 1} loss {loss.item():.5f} test {test:.5f}")
print("explained", 1 - test / y_test.var().item())
