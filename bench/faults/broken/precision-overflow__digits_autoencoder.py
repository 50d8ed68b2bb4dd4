"""An autoencoder in half precision squeezes digit images through eight numbers and draws them again."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader


class Autoencoder(nn.Module):
    def __init__(self, code=8):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, code))
        self.decoder = nn.Sequential(nn.Linear(code, 48), nn.ReLU(), nn.Linear(48, 64))

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z)


torch.manual_seed(21)
pixels = torch.tensor(load_digits().data, dtype=torch.float32)
pixels = (pixels - pixels.mean()).half()
pixels = pixels[torch.randperm(len(pixels))]
train_loader = DataLoader(pixels[:1500], batch_size=50, shuffle=True)
test_images = pixels[1500:]
baseline = test_images.float().var(0, unbiased=False).sum().item() * len(test_images)

model = Autoencoder().half()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, eps=1e-4)
criterion = nn.MSELoss(reduction="sum")

for epoch in range(14):
    for batch in train_loader:
        reconstruction = model(batch)
        loss = criterion(reconstruction, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        test_loss = criterion(model(test_images), test_images).item()
    print(f"epoch {epoch:2d}  test error {test_loss:.4f}  explained {1 - test_loss / baseline:.3f}")
