"""Make the files of this folder with the libraries that write them: `python make.py`, with those below installed.

tensorboard 2.21, torch 2.13, lightning 2.6, transformers 5.23 and safetensors 0.8 made what lies here. The tests read
these files; none of the libraries but torch and safetensors is needed for that.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).parent
STEPS = 40


def loss(step: int) -> float:
    return 0.25 + 2 * math.exp(-step / 10)


def tensorboard() -> None:
    """Scalars as PyTorch's SummaryWriter keeps them, with a histogram, a text and a picture between them."""
    import numpy as np
    import torch
    from torch.utils.tensorboard import SummaryWriter

    torch.manual_seed(0)
    for new_style in (False, True):
        folder = HERE / ("events_tensor" if new_style else "events_simple")
        shutil.rmtree(folder, ignore_errors=True)
        writer = SummaryWriter(str(folder))
        writer.add_text("about", "a small run")
        for step in range(1, STEPS + 1):
            writer.add_scalar("Loss/train", loss(step), step, new_style=new_style)
            writer.add_scalar("lr", 1e-3, step, new_style=new_style)
            if step % 10 == 0:
                writer.add_scalar("Loss/val", loss(step) + 0.05, step, new_style=new_style)
                writer.add_scalar("Accuracy/val", 1 - loss(step) / 3, step, new_style=new_style)
                writer.add_histogram("weights", torch.randn(50), step)
        writer.add_image("picture", np.zeros((3, 4, 4)))
        writer.close()
        only(folder)


def only(folder: Path) -> None:
    """One file of events, under a name without this machine's."""
    (file,) = folder.iterdir()
    file.rename(folder / "events.out.tfevents.1700000000.host.1.0")


def lightning() -> None:
    """CSVLogger's metrics.csv and a checkpoint of Lightning's Trainer."""
    import torch
    from lightning.pytorch import LightningModule, Trainer, seed_everything
    from lightning.pytorch.callbacks import LearningRateMonitor
    from lightning.pytorch.loggers import CSVLogger

    class Small(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 1))
            self.save_hyperparameters()

        def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
            x, y = batch
            value = torch.nn.functional.mse_loss(self.net(x), y)
            self.log("train_loss", value, on_step=True, on_epoch=True)
            return value

        def validation_step(self, batch: list[torch.Tensor], _: int) -> None:
            x, y = batch
            self.log("val_loss", torch.nn.functional.mse_loss(self.net(x), y))

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters(), 1e-2)

    seed_everything(0, verbose=False)
    x = torch.randn(64, 5)
    data = torch.utils.data.TensorDataset(x, x[:, :1] * 2 + 1)
    loader = torch.utils.data.DataLoader(data, 16)
    with tempfile.TemporaryDirectory() as place:
        logger = CSVLogger(place, name="", version="")
        trainer = Trainer(
            max_epochs=4, logger=logger, log_every_n_steps=2, enable_progress_bar=False, enable_model_summary=False,
            enable_checkpointing=False,
            callbacks=[LearningRateMonitor("step")], default_root_dir=place, accelerator="cpu",
        )  # fmt: skip
        trainer.fit(Small(), loader, loader)
        trainer.save_checkpoint(HERE / "lightning.ckpt")
        shutil.copy(Path(logger.log_dir) / "metrics.csv", HERE / "metrics.csv")


def transformers() -> None:
    """trainer_state.json of a short run with transformers' Trainer."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

    set_seed(0)
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    model = BertForSequenceClassification(BertConfig(vocab_size=20, max_position_embeddings=8, **shape))
    rows = [{"input_ids": torch.randint(0, 20, (6,)), "labels": i % 2} for i in range(32)]
    with tempfile.TemporaryDirectory() as place:
        arguments = TrainingArguments(
            place, num_train_epochs=3, per_device_train_batch_size=8, logging_steps=2, eval_strategy="epoch",
            save_strategy="epoch", report_to="none", use_cpu=True, disable_tqdm=True,
        )  # fmt: skip
        Trainer(model, arguments, train_dataset=rows, eval_dataset=rows).train()
        last = sorted(Path(place).glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))[-1]
        shutil.copy(last / "trainer_state.json", HERE / "trainer_state.json")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    for make in (tensorboard, lightning, transformers):
        if len(sys.argv) < 2 or make.__name__ in sys.argv[1:]:
            make()
