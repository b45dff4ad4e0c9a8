"""Writes packages/trainer/test/fixtures/optimizers.json: steps of optimizers and learning rates.

AdamW and SGD are PyTorch's, in float64. LARS is Algorithm 1 of You et al., "Large Batch Training of
Convolutional Networks" (2017), written out in float64. The learning rates are those of PyTorch's
schedulers. Weights and gradients are given by a formula that the test repeats, so the file holds
only results.

    python3 tools/parity/optimizers.py
"""

import json
from pathlib import Path

import torch

FIXTURE = Path(__file__).resolve().parents[2] / "packages/trainer/test/fixtures/optimizers.json"
SHAPES = {"conv1.weight": [3, 3, 2, 4], "bn1.weight": [4], "bn1.bias": [4], "fc.weight": [4, 3], "fc.bias": [3]}
STEPS = 6


def wave(shape, phase):
    size = torch.Size(shape).numel()
    values = torch.sin(torch.arange(size, dtype=torch.float64) * 1.7 + phase)
    return values.float().double().reshape(shape)


def start():
    return {name: wave(shape, index) for index, (name, shape) in enumerate(SHAPES.items())}


def gradient(shape, index, step):
    return wave(shape, 10 + index + 5 * step) * (step + 1)


def learning_rate(step):
    """Changes from step to step, so that its place in the formula matters."""
    return 0.1 / (1 + step)


def spares(name, options):
    return not options["decayNormAndBias"] and len(SHAPES[name]) < 2


def run_torch(make, options):
    weights = {name: torch.nn.Parameter(value) for name, value in start().items()}
    groups = [
        {"params": [value], "weight_decay": 0.0 if spares(name, options) else options["weightDecay"]}
        for name, value in weights.items()
    ]
    optimizer = make(groups)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        for index, value in enumerate(weights.values()):
            value.grad = gradient(value.shape, index, step)
        optimizer.step()
    return weights


def run_lars(options):
    weights = start()
    velocities = {name: torch.zeros_like(value) for name, value in weights.items()}
    decay, trust, momentum = options["weightDecay"], options["trust"], options["momentum"]
    for step in range(STEPS):
        for index, name in enumerate(weights):
            weight, grad = weights[name], gradient(weights[name].shape, index, step)
            if not spares(name, options):
                local = trust * weight.norm() / (grad.norm() + decay * weight.norm())
                grad = local * (grad + decay * weight)
            velocities[name] = momentum * velocities[name] + learning_rate(step) * grad
            weights[name] = weight - velocities[name]
    return weights


def run(options):
    kind = options["kind"]
    if kind == "sgd":
        return run_torch(
            lambda groups: torch.optim.SGD(
                groups, lr=1, momentum=options["momentum"], nesterov=options["nesterov"]
            ),
            options,
        )
    if kind == "adamW":
        return run_torch(
            lambda groups: torch.optim.AdamW(
                groups, lr=1, betas=(options["beta1"], options["beta2"]), eps=options["epsilon"]
            ),
            options,
        )
    return run_lars(options)


OPTIMIZERS = [
    {"kind": "sgd", "momentum": 0.9, "nesterov": False, "weightDecay": 0.1, "decayNormAndBias": True},
    {"kind": "sgd", "momentum": 0.9, "nesterov": True, "weightDecay": 0.1, "decayNormAndBias": False},
    {"kind": "adamW", "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.1, "decayNormAndBias": True},
    {"kind": "adamW", "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weightDecay": 0.3, "decayNormAndBias": False},
    {"kind": "lars", "momentum": 0.9, "weightDecay": 0.1, "trust": 0.02, "decayNormAndBias": False},
    {"kind": "lars", "momentum": 0.5, "weightDecay": 0.0, "trust": 0.1, "decayNormAndBias": True},
]

EPOCHS, PER_EPOCH, BATCH = 8, 5, 64
SCHEDULES = [
    {"kind": "constant", "learningRate": 0.3},
    {"kind": "constant", "learningRate": 0.3, "warmupEpochs": 2, "per": 256},
    {"kind": "step", "learningRate": 0.3, "milestones": [3, 6], "factor": 0.1},
    {"kind": "step", "learningRate": 0.3, "milestones": [3, 6], "factor": 0.5, "warmupEpochs": 1},
    {"kind": "cosine", "learningRate": 0.3},
    {"kind": "cosine", "learningRate": 0.3, "warmupEpochs": 1.4, "minimum": 0.01},
]


def rates(options):
    base = options["learningRate"] * (BATCH / options["per"] if "per" in options else 1)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    warmup = round(options.get("warmupEpochs", 0) * PER_EPOCH)
    schedulers = torch.optim.lr_scheduler
    if options["kind"] == "constant":
        after = lambda: schedulers.ConstantLR(optimizer, factor=1)
    elif options["kind"] == "step":
        milestones = [epoch * PER_EPOCH - warmup for epoch in options["milestones"]]
        after = lambda: schedulers.MultiStepLR(optimizer, milestones, gamma=options["factor"])
    else:
        length = EPOCHS * PER_EPOCH - warmup
        after = lambda: schedulers.CosineAnnealingLR(optimizer, length, eta_min=options.get("minimum", 0))
    found = []

    def walk(scheduler, count):
        for _ in range(count):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()

    if warmup > 0:
        walk(schedulers.LinearLR(optimizer, 1 / warmup, 1, max(1, warmup - 1)), warmup)
        optimizer.param_groups[0]["lr"] = base
        optimizer.param_groups[0]["initial_lr"] = base
    walk(after(), EPOCHS * PER_EPOCH - warmup)
    return found


def rounded(values):
    return [float(f"{value:.9g}") for value in values]


def main():
    fixture = {
        "steps": STEPS,
        "optimizers": [
            {
                "options": options,
                "weights": {name: rounded(value.detach().flatten().tolist()) for name, value in run(options).items()},
            }
            for options in OPTIMIZERS
        ],
        "span": {"epochs": EPOCHS, "updatesPerEpoch": PER_EPOCH, "batchSize": BATCH},
        "schedules": [{"options": options, "rates": rounded(rates(options))} for options in SCHEDULES],
    }
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    FIXTURE.write_text(json.dumps(fixture) + "\n")


main()
