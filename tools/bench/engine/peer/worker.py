"""The peer's side of the engine benchmark: every task as one would write it in PyTorch."""

import json
import os

import torch
import torch.nn.functional as F
from bench_side import serve

from resnet import ResNet

MEMORY_FORMATS = {
    "contiguous": torch.contiguous_format,
    "channels_last": torch.channels_last,
}


class Task:
    """Runs `step` and waits for the device."""

    def __init__(self, parameters):
        torch.set_num_threads(parameters["threads"])
        self.device = torch.device(parameters["device"])
        self.versions = {"torch": torch.__version__}
        if self.device.type == "cuda":
            self.versions["gpu"] = torch.cuda.get_device_name(self.device)

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def run(self, iterations):
        for _ in range(iterations):
            self.step()
        self.synchronize()


class Network(Task):
    """A residual network in one memory layout, and a batch of images."""

    def __init__(self, parameters):
        super().__init__(parameters)
        layout = MEMORY_FORMATS[parameters["layout"]]
        batch, size = parameters["batch"], parameters["imageSize"]
        self.model = ResNet(parameters["depth"], parameters["width"])
        self.model.to(self.device, memory_format=layout)
        self.images = torch.randn(batch, 3, size, size).to(self.device, memory_format=layout)
        self.labels = torch.randint(0, 10, (batch,), device=self.device)


class Forward(Network):
    def __init__(self, parameters):
        super().__init__(parameters)
        self.model.eval()

    @torch.no_grad()
    def run(self, iterations):
        super().run(iterations)

    def step(self):
        self.model(self.images)


class Train(Network):
    def __init__(self, parameters):
        super().__init__(parameters)
        self.optimizer = sgd(self.model.parameters(), parameters)

    def step(self):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss


class Agreement(Train):
    """Training steps from the weights and images that our side has written to a folder."""

    def __init__(self, parameters):
        super().__init__(parameters)
        arrays = read_arrays(parameters["folder"])
        self.images.copy_(arrays.pop("images"))
        self.labels.copy_(arrays.pop("labels"))
        # What is left are the parameters; the names and shapes have to be the same on both sides.
        own = dict(self.model.named_parameters())
        if own.keys() != arrays.keys():
            raise ValueError(f"parameters differ: {sorted(own.keys() ^ arrays.keys())}")
        with torch.no_grad():
            for name, parameter in own.items():
                if parameter.shape != arrays[name].shape:
                    raise ValueError(f"{name}: {tuple(parameter.shape)} and {tuple(arrays[name].shape)}")
                parameter.copy_(arrays[name])

    def run(self, iterations):
        return {"losses": [self.step().item() for _ in range(iterations)]}


class MatMul(Task):
    def __init__(self, parameters):
        super().__init__(parameters)
        rows, inner, columns = parameters["shape"]
        self.a = torch.randn(rows, inner, device=self.device)
        self.b = torch.randn(inner, columns, device=self.device)

    @torch.no_grad()
    def run(self, iterations):
        super().run(iterations)

    def step(self):
        torch.matmul(self.a, self.b)


class Add(Task):
    """The loop stands here, since a method call would weigh as much as the addition."""

    def __init__(self, parameters):
        super().__init__(parameters)
        self.a = torch.ones(1, device=self.device)
        self.b = torch.ones(1, device=self.device)

    @torch.no_grad()
    def run(self, iterations):
        a, b = self.a, self.b
        for _ in range(iterations):
            torch.add(a, b)
        self.synchronize()


class Sgd(Task):
    """The optimizer's step alone, over the parameters of a network."""

    def __init__(self, parameters):
        super().__init__(parameters)
        model = ResNet(parameters["depth"], parameters["width"]).to(self.device)
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter) * 1e-3
        self.optimizer = sgd(model.parameters(), parameters)

    def step(self):
        self.optimizer.step()


class Ema(Task):
    """The momentum encoder's update over the parameters of a network."""

    def __init__(self, parameters):
        super().__init__(parameters)
        depth, width = parameters["depth"], parameters["width"]
        self.query = list(ResNet(depth, width).to(self.device).parameters())
        self.key = [torch.randn_like(parameter) for parameter in self.query]
        self.decay = parameters["decay"]
        self.step = {"loop": self.step_loop, "foreach": self.step_foreach}[parameters["way"]]

    @torch.no_grad()
    def run(self, iterations):
        super().run(iterations)

    def step_loop(self):
        for key, query in zip(self.key, self.query):
            key.mul_(self.decay).add_(query, alpha=1 - self.decay)

    def step_foreach(self):
        torch._foreach_lerp_(self.key, self.query, 1 - self.decay)


class NearestCentroid(Task):
    """Squared distance to, and index of, the nearest centroid, over blocks of points."""

    def __init__(self, parameters):
        super().__init__(parameters)
        n, k, dimension = parameters["n"], parameters["k"], parameters["dimension"]
        self.points = torch.randn(n, dimension, device=self.device)
        self.centroids = torch.randn(k, dimension, device=self.device)
        self.block = parameters["block"]
        self.nearest = {"cdist": self.by_cdist, "addmm": self.by_addmm}[parameters["way"]]

    @torch.no_grad()
    def run(self, iterations):
        super().run(iterations)

    def step(self):
        blocks = [self.nearest(block) for block in self.points.split(self.block)]
        distances, indices = zip(*blocks)
        return torch.cat(distances), torch.cat(indices)

    def by_cdist(self, points):
        return torch.cdist(points, self.centroids).min(dim=1)

    def by_addmm(self, points):
        norms = self.centroids.square().sum(dim=1)
        least, index = torch.addmm(norms, points, self.centroids.T, alpha=-2).min(dim=1)
        return least.add_(points.square().sum(dim=1)), index


def sgd(parameters, options):
    way = options.get("way", "default")
    try:
        return torch.optim.SGD(
            parameters,
            lr=options["learningRate"],
            momentum=options["momentum"],
            weight_decay=options["weightDecay"],
            **({} if way == "default" else {way: True}),
        )
    except TypeError as error:
        raise NotImplementedError(f"SGD has no {way} implementation here") from error


def read_arrays(folder):
    """Float32 arrays by name, from the files that ours/arrays.ts describes."""
    with open(os.path.join(folder, "arrays.json")) as file:
        entries = json.load(file)
    with open(os.path.join(folder, "arrays.bin"), "rb") as file:
        values = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    arrays = {}
    for entry in entries:
        start, count = entry["offset"], entry["count"]
        arrays[entry["name"]] = values[start : start + count].reshape(entry["shape"])
    return arrays


TASKS = {
    "forward": Forward,
    "train": Train,
    "agreement": Agreement,
    "matmul": MatMul,
    "add": Add,
    "sgd": Sgd,
    "ema": Ema,
    "nearest-centroid": NearestCentroid,
}

serve(lambda parameters: TASKS[parameters["case"]](parameters))
