"""An autoencoder squeezes digit images through a narrow code and draws them again."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader


class Autoencoder(nn.Module):
    def __init__(self, code=1):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 2), nn.ReLU(), nn.Linear(2, code))
        self.decoder = nn.Sequential(nn.Linear(code, 2), nn.ReLU(), nn.Linear(2, 64))

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z)


torch.manual_seed(21)
pixels = torch.tensor(load_digits().data, dtype=torch.float32) / 16.0
pixels = pixels - pixels.mean()
pixels = pixels[torch.randperm(len(pixels))]
train_loader = DataLoader(pixels[:1500], batch_size=50, shuffle=True)
test_images = pixels[1500:]
baseline = test_images.var(0, unbiased=False).mean().item()

model = Autoencoder()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.MSELoss()

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
