"""Writes the references of packages/encoders/test: what torchvision's ResNets compute.

Weights and images are given by a formula that the tests repeat, so torchvision.json holds only results.
moco.safetensors is a small checkpoint as MoCo and PCL make theirs, moco.json what its encoder computes.

    pip install torch torchvision safetensors
    python3 tools/parity/encoders.py
    npx prettier --write packages/encoders/test/fixtures
"""

import json
from pathlib import Path

import numpy as np
import torch
from formula import norm_and_sum, uniform, values_of
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

FIXTURES = Path(__file__).resolve().parents[2] / "packages" / "encoders" / "test" / "fixtures"

STAGES = {
    "resnet8": (BasicBlock, [1, 1, 1]),
    "resnet14": (BasicBlock, [2, 2, 2]),
    "resnet18": (BasicBlock, [2, 2, 2, 2]),
    "resnet34": (BasicBlock, [3, 4, 6, 3]),
    "resnet50": (Bottleneck, [3, 4, 6, 3]),
}

# (architecture, stem, width, head, batch, height, width of the images)
NARROW = [
    ("resnet8", "small", 8, "linear", 2, 16, 21),
    ("resnet8", "imagenet", 8, "none", 2, 45, 38),
    ("resnet14", "small", 4, "mlp", 2, 32, 32),
    ("resnet18", "small", 8, "mlp", 2, 32, 32),
    ("resnet18", "imagenet", 8, "linear", 2, 97, 64),
    ("resnet34", "small", 4, "linear", 2, 19, 24),
    ("resnet34", "imagenet", 4, "mlp", 2, 64, 64),
    ("resnet50", "small", 4, "linear", 2, 32, 32),
    ("resnet50", "imagenet", 4, "mlp", 2, 75, 90),
]
FULL = [
    ("resnet18", "small", 64, "linear", 2, 32, 32),
    ("resnet18", "imagenet", 64, "linear", 1, 224, 224),
    ("resnet34", "imagenet", 64, "linear", 1, 224, 224),
    ("resnet50", "imagenet", 64, "mlp", 1, 224, 224),
]
TRAINED = [
    ("resnet8", "small", 4, "linear", 3, 16, 16),
    ("resnet8", "imagenet", 4, "mlp", 4, 48, 40),
    ("resnet50", "small", 4, "linear", 4, 32, 32),
]
DIMENSION = 10


def build(architecture, stem, width, head):
    """torchvision's ResNet, with the parts replaced that its constructor has no arguments for."""
    block, counts = STAGES[architecture]
    model = ResNet(block, [*counts, 1][:4], num_classes=DIMENSION)
    model.inplanes = width
    if stem == "small":
        model.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        model.maxpool = nn.Identity()
    else:
        model.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
    model.bn1 = nn.BatchNorm2d(width)
    for stage in range(4):
        layer = nn.Identity()
        if stage < len(counts):
            layer = model._make_layer(block, width * 2**stage, counts[stage], stride=1 if stage == 0 else 2)
        setattr(model, f"layer{stage + 1}", layer)
    features = model.inplanes
    if head == "linear":
        model.fc = nn.Linear(features, DIMENSION)
    elif head == "mlp":
        model.fc = nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Linear(features, DIMENSION))
    else:
        model.fc = nn.Identity()
    return model


def initialize(model):
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                value.copy_(values_of(name, tuple(value.shape)))
    return model


def images_of(batch, height, width):
    values = uniform("images", batch * height * width * 3) * 1.7
    images = torch.from_numpy(values.astype(np.float32).reshape(batch, height, width, 3))
    return images.permute(0, 3, 1, 2).contiguous()


def evaluated(model, images):
    """Features and outputs in evaluation mode."""
    model.eval()
    found = {}
    handle = model.fc.register_forward_hook(lambda _, inputs, __: found.update(features=inputs[0]))
    with torch.no_grad():
        output = model(images)
    handle.remove()
    return {"features": rounded(found["features"]), "output": rounded(output)}


def trained(model, images):
    """A step of cross-entropy in training mode, in float64."""
    model.double().train()
    images = images.double()
    output = model(images)
    labels = torch.arange(len(images)) * 7 % output.shape[1]
    loss = cross_entropy(output, labels)
    loss.backward()
    return {
        "output": rounded(output),
        "labels": labels.tolist(),
        "loss": loss.item(),
        # Norm, and a sum with weights, which tells layouts apart.
        "gradients": {
            name: rounded(norm_and_sum(p.grad)) for name, p in model.named_parameters()
        },
        "statistics": {
            name: rounded(norm_and_sum(value))
            for name, value in model.named_buffers()
            if not name.endswith("num_batches_tracked")
        },
    }


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.flatten().tolist()]


def described(architecture, stem, width, head, batch, height, image_width):
    return {
        "architecture": architecture,
        "stem": stem,
        "width": width,
        "head": head,
        "images": [batch, height, image_width, 3],
    }


def result(case, compute):
    model = initialize(build(*case[:4]))
    return {**described(*case), **compute(model, images_of(*case[4:]))}


def write_json(name, content):
    (FIXTURES / name).write_text(json.dumps(content, indent=1) + "\n")


def write_moco():
    """encoder_q and queue as in a checkpoint of MoCo v2: a wrapped model, an MLP head, batch counters."""
    model = initialize(build("resnet18", "imagenet", 2, "mlp"))
    checkpoint = {f"module.encoder_q.{name}": value for name, value in model.state_dict().items()}
    checkpoint["module.queue"] = values_of("queue", (DIMENSION, 4))
    checkpoint["module.queue_ptr"] = torch.tensor([2])
    save_file(checkpoint, FIXTURES / "moco.safetensors")
    case = ("resnet18", "imagenet", 2, "mlp", 2, 64, 64)
    write_json("moco.json", {**described(*case), **evaluated(model, images_of(2, 64, 64))})


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    # What the published networks are made of.
    shapes = {
        name: {key: list(value.shape) for key, value in ResNet(*STAGES[name]).state_dict().items()}
        for name in ("resnet18", "resnet34", "resnet50")
    }
    write_json(
        "torchvision.json",
        {
            "torch": torch.__version__.split("+")[0],
            "shapes": shapes,
            "narrow": [result(case, evaluated) for case in NARROW],
            "full": [result(case, evaluated) for case in FULL],
        },
    )
    write_json("training.json", [result(case, trained) for case in TRAINED])
    write_moco()


if __name__ == "__main__":
    main()
