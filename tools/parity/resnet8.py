"""Writes tools/models/test/fixtures/resnet8.json: what PyTorch computes for a small ResNet-8.

Weights and images are given by formulas that the test repeats, so the file holds only results.

    python3 tools/parity/resnet8.py
"""

import json
import sys
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

TOOLS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS / "bench" / "engine" / "peer"))
from resnet import ResNet  # noqa: E402

WIDTH, BATCH, SIDE, CLASSES = 4, 3, 16, 10


def wave(size, phase):
    """`size` float32 values in -1 .. 1, computed in float64."""
    index = torch.arange(size, dtype=torch.float64)
    return torch.sin(index * 1.7 + phase).float()


def to_tfjs_layout(tensor):
    return {4: lambda t: t.permute(2, 3, 1, 0), 2: lambda t: t.t(), 1: lambda t: t}[tensor.dim()](tensor)


def initialize(model):
    with torch.no_grad():
        for phase, (name, parameter) in enumerate(model.named_parameters()):
            shape = to_tfjs_layout(parameter).shape
            values = wave(parameter.numel(), phase).reshape(shape)
            if parameter.dim() == 1 and name.endswith("weight"):
                values = 1 + 0.3 * values
            else:
                values = 0.3 * values
            from_tfjs = {4: lambda t: t.permute(3, 2, 0, 1), 2: lambda t: t.t(), 1: lambda t: t}
            parameter.copy_(from_tfjs[values.dim()](values))


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.flatten().tolist()]


def main():
    model = ResNet(8, WIDTH, CLASSES)
    initialize(model)
    images = wave(BATCH * SIDE * SIDE * 3, 0.5).reshape(BATCH, SIDE, SIDE, 3).permute(0, 3, 1, 2)
    labels = torch.tensor([7, 0, 3])

    model.eval()
    with torch.no_grad():
        inference = model(images)
    model.train()
    logits = model(images)
    loss = cross_entropy(logits, labels)
    loss.backward()

    fixture = {
        "torch": torch.__version__,
        "inference": rounded(inference),
        "training": rounded(logits),
        "loss": loss.item(),
        # Weighted sums tell layouts apart, which plain sums would not.
        "gradients": {
            name: rounded(
                torch.stack([g.norm(), (g * wave(g.numel(), 0.25).reshape(g.shape)).sum()])
            )
            for name, g in ((n, to_tfjs_layout(p.grad)) for n, p in model.named_parameters())
        },
        "statistics": {
            name: rounded(value)
            for name, value in model.named_buffers()
            if not name.endswith("num_batches_tracked")
        },
    }
    path = TOOLS / "models" / "test" / "fixtures" / "resnet8.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(fixture, indent=1) + "\n")


if __name__ == "__main__":
    main()
