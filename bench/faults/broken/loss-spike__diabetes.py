"""Ridge-like regression of diabetes progress with SGD; the rate is reduced when the validation loss stops falling."""

import torch
from sklearn.datasets import load_diabetes

torch.manual_seed(2)
bunch = load_diabetes()
x = torch.from_numpy(bunch.data).float()
t = torch.from_numpy(bunch.target).float()
shuffle = torch.randperm(len(x))
x, t = x[shuffle], t[shuffle]
x_fit, x_val = x[:340], x[340:]
t_fit, t_val = t[:340], t[340:]
centre, spread = x_fit.mean(0), x_fit.std(0)
x_fit, x_val = (x_fit - centre) / spread, (x_val - centre) / spread
t_centre, t_spread = t_fit.mean(), t_fit.std()
t_fit, t_val = (t_fit - t_centre) / t_spread, (t_val - t_centre) / t_spread

t_fit[17] = 50.0

model = torch.nn.Linear(10, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.005, weight_decay=1e-3)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=5)

for epoch in range(30):
    for idx in torch.randperm(340).split(34):
        residual = model(x_fit[idx]).squeeze(-1) - t_fit[idx]
        loss = (residual**2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        val = ((model(x_val).squeeze(-1) - t_val) ** 2).mean()
    scheduler.step(val)
    print(f"{epoch} fit {loss.item():.3f} validation {val.item():.3f} rate {optimizer.param_groups[0]['lr']:.4f}")
