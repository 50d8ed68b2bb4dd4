"""What tracing a model costs, each in a process of its own: seconds and memory beside PyTorch's own import.

    python bench/tracing.py            # all of them, beside torchinfo where it is installed

For each model at a batch of 1 and of 4096: seconds from the model's name to the report, what PyTorch's import took
before it, the most memory of the process and how much of it tracing added. torchinfo runs a real forward pass.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODELS = {
    "resnet18": "B,3,224,224",
    "resnet50": "B,3,224,224",
    "GPT": "B,1024:int64",
    "UNet": "B,3,256,256",
    "Sentiment": "B,200:int64",
    "ViT": "B,3,224,224",
    "Generator": "B,100,1,1",
    "Translator": "B,128:int64",
}
SECOND = {"Translator": ["B,64:int64"]}
OURS = """
import json, resource, sys, time
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start = time.perf_counter(); import torch; imported, before = time.perf_counter() - start, peak()
start = time.perf_counter()
from tearless.integrations.pytorch.tracing import of_target
report = of_target("tests.integrations.pytorch.models:" + sys.argv[1], sys.argv[2:])
print(json.dumps({"import": imported, "seconds": time.perf_counter() - start, "before": before, "peak": peak(),
                  "parameters": report["parameters"].value, "compiler": "torch._dynamo" in sys.modules}))
"""
THEIRS = """
import json, resource, sys, time
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
import torch
from torchinfo import summary
from tests.integrations.pytorch import models
start = time.perf_counter()
made = getattr(models, sys.argv[1])()
sizes = [tuple(map(int, text.partition(":")[0].split(","))) for text in sys.argv[2:]]
kinds = [torch.long if ":int64" in text else torch.float for text in sys.argv[2:]]
told = summary(made, input_size=sizes, dtypes=kinds, verbose=0, mode="train")
print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak(), "parameters": told.total_params}))
"""


def timed(code: str, name: str, batch: str) -> dict[str, float]:
    texts = [text.replace("B", batch) for text in (MODELS[name], *SECOND.get(name, ()))]
    run = subprocess.run(
        [sys.executable, "-c", code, name, *texts],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1]) if run.returncode == 0 else {}
    return found


def main() -> None:
    beside = importlib.util.find_spec("torchinfo") is not None
    for name in MODELS:
        for batch in ("1", "4096", "n"):
            ours = timed(OURS, name, batch)
            added = ours["peak"] - ours["before"]
            line = f"{name:10} {batch:>4}  {ours['seconds']:5.2f} s (+{ours['import']:.2f} s import)"
            line += f"  {ours['peak']:4.0f} MB (+{added:.0f}){'  with the compiler' if ours['compiler'] else ''}"
            if beside and batch == "1":
                theirs = timed(THEIRS, name, batch)
                line += (
                    f"  torchinfo {theirs['seconds']:.2f} s {theirs['peak']:.0f} MB" if theirs else "  torchinfo failed"
                )
            print(line, flush=True)


if __name__ == "__main__":
    main()
