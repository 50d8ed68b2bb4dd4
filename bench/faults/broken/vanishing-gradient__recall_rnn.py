"""A plain RNN has to keep in mind the first two numbers of a sequence of sixty."""

import torch
from torch import nn


def sequences(n, length=60):
    values = torch.rand(n, length) - 0.5
    marks = torch.zeros(n, length)
    marks[:, :2] = 1
    return torch.stack([values, marks], dim=-1), values[:, :2].sum(1, keepdim=True)


class Adder(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, nonlinearity="tanh", batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.out(h[0])


torch.manual_seed(101)
x, y = sequences(1000)
x_test, y_test = sequences(500)
model = Adder()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(300):
    idx = torch.randint(0, len(x), (50,))
    loss = nn.functional.mse_loss(model(x[idx]), y[idx])
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 100 == 99:
        with torch.no_grad():
            test = nn.functional.mse_loss(model(x_test), y_test).item()
        print(f"step {step + 1} loss {loss.item():.5f} test {test:.5f}")
print("explained", 1 - test / y_test.var().item())
