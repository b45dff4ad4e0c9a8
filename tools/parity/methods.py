"""Writes packages/trainer/test/fixtures/methods.json: two steps of MoCo, SimCLR, DeepCluster and PCL.

Each method is written out in PyTorch, in float64, from its paper. Weights, views, the queue and the prototypes are
given by a formula that the test repeats, so the file holds only results: of each tensor its norm and a weighted
sum, of a few all values.

    pip install torch numpy
    python3 tools/parity/methods.py
    npx prettier --write packages/trainer/test/fixtures/methods.json
"""

import json
from pathlib import Path

import torch
from formula import norm_and_sum, uniform, values_of
from torch import nn
from torch.nn.functional import conv2d, cross_entropy, normalize, relu

FIXTURE = Path(__file__).resolve().parents[2] / "packages/trainer/test/fixtures/methods.json"

WIDTH, DIMENSION = 4, 8
IMAGES, SIDE = 12, 10
# The images of both steps; one of them, 9, has no pseudo-label.
BATCHES = [[5, 2, 9, 0, 11, 7], [3, 9, 5, 10, 1, 6]]
QUEUE, POSITION = 18, 12
TEMPERATURE = 0.3
MOMENTUM = 0.9
LEARNING_RATE, SGD_MOMENTUM, WEIGHT_DECAY = 0.05, 0.9, 1e-2
LABELS = [0, 3, 1, 4, 2, 2, 0, 1, 3, -1, 4, 0]
CLASSES, CLASSIFIER_RATE, CLASSIFIER_DECAY = 5, 0.3, 0.1
# Clusters of each granularity, and the cluster of each image.
GRANULARITIES = {4: [0, 3, 1, 3, 2, 2, 0, 1, 3, 1, 2, 0], 7: [6, 3, 1, 4, 2, 5, 0, 1, 3, 0, 4, 6]}
PROTOTYPE_WEIGHT = 0.7
# Tensors of which the file has all values, under their names without the part of the state.
WHOLE = ("conv1.weight", "layer2.0.bn1.weight", "fc.bias", "features", "classifier/weight")


class Block(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1:
            projection = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(channels))

    def forward(self, x):
        around = x if self.downsample is None else self.downsample(x)
        return relu(around + self.bn2(self.conv2(relu(self.bn1(self.conv1(x))))))


class ResNet8(nn.Module):
    """He et al., CVPR 2016, section 4.2, with a linear head; its names are torchvision's."""

    def __init__(self, prefix, channels=3):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, WIDTH, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.layer1 = nn.Sequential(Block(WIDTH, WIDTH, 1))
        self.layer2 = nn.Sequential(Block(WIDTH, 2 * WIDTH, 2))
        self.layer3 = nn.Sequential(Block(2 * WIDTH, 4 * WIDTH, 2))
        self.fc = nn.Linear(4 * WIDTH, DIMENSION)
        with torch.no_grad():
            for name, value in self.learned().items():
                value.copy_(values_of(f"{prefix}{name}", tuple(value.shape)))
        self.double().train()

    def learned(self):
        """Weights and running statistics."""
        return {k: v for k, v in self.state_dict().items() if not k.endswith("num_batches_tracked")}

    def forward(self, x):
        x = relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def float32(values):
    """Values as both sides have them."""
    return values.float().double()


def view(name, step):
    values = torch.from_numpy(uniform(f"{name} view {step}", len(BATCHES[step]) * SIDE * SIDE * 3) * 1.7)
    return float32(values).reshape(-1, SIDE, SIDE, 3).permute(0, 3, 1, 2)


def unit_rows(name, rows):
    return float32(normalize(torch.from_numpy(uniform(name, rows * DIMENSION)).reshape(rows, DIMENSION)))


def info_nce(query, key, queue):
    positive = (query * key).sum(1, keepdim=True)
    logits = torch.cat([positive, query @ queue.T], 1) / TEMPERATURE
    return cross_entropy(logits, torch.zeros(len(query), dtype=torch.long))


def proto_nce(query, indices):
    """The second sum of equation 11 of PCL, over all prototypes."""
    terms = []
    for clusters, assignments in GRANULARITIES.items():
        centroids = unit_rows(f"centroids {clusters}", clusters)
        concentration = concentration_of(clusters)
        own = torch.tensor([assignments[index] for index in indices])
        terms.append(cross_entropy(query @ (centroids / concentration[:, None]).T, own))
    return torch.stack(terms).mean()


def concentration_of(clusters):
    return float32(0.3 + 0.1 * torch.from_numpy(uniform(f"concentration {clusters}", clusters)))


class Contrast:
    """MoCo, Algorithm 1; with `prototypes` PCL after the warm-up."""

    def __init__(self, prototypes=False):
        self.prototypes = prototypes
        self.encoder, self.key_encoder = ResNet8(""), ResNet8("key ")
        self.queue, self.position = unit_rows("queue", QUEUE), POSITION

    def loss(self, step):
        query = normalize(self.encoder(view("first", step)))
        with torch.no_grad():
            self.key = normalize(self.key_encoder(view("second", step)))
        loss = info_nce(query, self.key, self.queue)
        if self.prototypes:
            loss = loss + PROTOTYPE_WEIGHT * proto_nce(query, BATCHES[step])
        return loss

    def after_update(self):
        rows = [(self.position + row) % QUEUE for row in range(len(self.key))]
        self.queue[rows] = self.key
        self.position = (self.position + len(self.key)) % QUEUE
        with torch.no_grad():
            for own, other in zip(self.key_encoder.parameters(), self.encoder.parameters()):
                own.mul_(MOMENTUM).add_(other, alpha=1 - MOMENTUM)

    def state(self):
        return {
            **prefixed("encoder", self.encoder.learned()),
            **prefixed("keyEncoder", self.key_encoder.learned()),
            "queue/features": self.queue,
        }


class SimCLR:
    """Algorithm 1; one forward pass has all views."""

    def __init__(self):
        self.encoder = ResNet8("")

    def loss(self, step):
        views = torch.cat([view("first", step), view("second", step)])
        features = normalize(self.encoder(views))
        count = len(features)
        similarities = features @ features.T / TEMPERATURE
        similarities = similarities.masked_fill(torch.eye(count, dtype=torch.bool), -torch.inf)
        return cross_entropy(similarities, (torch.arange(count) + count // 2) % count)

    def after_update(self):
        pass

    def state(self):
        return prefixed("encoder", self.encoder.learned())


class DeepCluster:
    """Section 3.3, with the code published with it: edges as input, ReLU before the last layer, which has its own SGD."""

    def __init__(self):
        self.encoder = ResNet8("", channels=2)
        self.classifier = nn.Linear(DIMENSION, CLASSES).double()
        with torch.no_grad():
            self.classifier.weight.copy_(values_of("classifier.weight", (CLASSES, DIMENSION)))
            self.classifier.bias.copy_(values_of("classifier.bias", (CLASSES,)))
        self.optimizer = torch.optim.SGD(
            self.classifier.parameters(), lr=CLASSIFIER_RATE, weight_decay=CLASSIFIER_DECAY
        )

    def loss(self, step):
        self.optimizer.zero_grad()
        logits = self.classifier(relu(self.encoder(edges(view("first", step)))))
        labels = torch.tensor([LABELS[index] for index in BATCHES[step]])
        return cross_entropy(logits, labels, ignore_index=-1)

    def after_update(self):
        self.optimizer.step()

    def state(self):
        return {
            **prefixed("encoder", self.encoder.learned()),
            # In the trainer's layout, [in, out].
            "classifier/classifier/weight": self.classifier.weight.T,
            "classifier/classifier/bias": self.classifier.bias,
        }


def edges(images):
    """Gray images, then Sobel's filters, as `self.sobel` of the published models."""
    gray = conv2d(images, torch.full((1, 3, 1, 1), 1 / 3, dtype=torch.float64))
    filters = [[[1, 0, -1], [2, 0, -2], [1, 0, -1]], [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]]
    return conv2d(gray, torch.tensor(filters, dtype=torch.float64)[:, None], padding=1)


def prefixed(prefix, tensors):
    return {f"{prefix}/{name}": value for name, value in tensors.items()}


def run(method):
    optimizer = torch.optim.SGD(
        method.encoder.parameters(), lr=LEARNING_RATE, momentum=SGD_MOMENTUM, weight_decay=WEIGHT_DECAY
    )
    losses, gradients = [], {}
    for step in range(len(BATCHES)):
        optimizer.zero_grad()
        loss = method.loss(step)
        loss.backward()
        if step == 0:
            gradients = {name: value.grad.clone() for name, value in method.encoder.named_parameters()}
        optimizer.step()
        method.after_update()
        losses.append(loss.item())
    return {"losses": losses, "gradients": summed(gradients), "state": summed(method.state())}


def summed(tensors):
    return {name: summary(name, value.detach()) for name, value in tensors.items()}


def summary(name, value):
    norm, weighted = rounded(norm_and_sum(value.contiguous()))
    is_whole = name.split("/", 1)[-1] in WHOLE
    return {"norm": norm, "weighted": weighted, **({"values": rounded(value)} if is_whole else {})}


def rounded(tensor):
    return [float(f"{value:.9g}") for value in tensor.flatten().tolist()]


def main():
    content = {
        "torch": torch.__version__.split("+")[0],
        "encoder": {"width": WIDTH, "dimension": DIMENSION},
        "images": {"count": IMAGES, "side": SIDE, "batches": BATCHES},
        "queue": {"capacity": QUEUE, "position": POSITION},
        "temperature": TEMPERATURE,
        "momentum": MOMENTUM,
        "sgd": {"learningRate": LEARNING_RATE, "momentum": SGD_MOMENTUM, "weightDecay": WEIGHT_DECAY},
        "clusters": {
            "labels": LABELS,
            "classes": CLASSES,
            "classifier": {"learningRate": CLASSIFIER_RATE, "weightDecay": CLASSIFIER_DECAY},
        },
        "prototypes": {
            "weight": PROTOTYPE_WEIGHT,
            "granularities": [{"k": k, "assignments": of} for k, of in GRANULARITIES.items()],
        },
        "moco": run(Contrast()),
        "pcl": run(Contrast(prototypes=True)),
        "simclr": run(SimCLR()),
        "deepcluster": run(DeepCluster()),
    }
    FIXTURE.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
