"""The peer's side of the engine benchmark: every task as one would write it in PyTorch."""

import numpy
import torch
from bench_side import limit_threads, serve
from torch_task import TorchTask, compiled

from networks import Agreement, Forward, Network, Profile, Train
from optimizers import Ema, Sgd


class MatMul(TorchTask):
    def __init__(self, parameters):
        super().__init__(parameters)
        rows, inner, columns = parameters["shape"]
        self.a = torch.randn(rows, inner, device=self.device)
        self.b = torch.randn(inner, columns, device=self.device)
        way = parameters.get("way")
        if way == "same result":
            self.product = torch.empty(rows, columns, device=self.device)
            self.step = self.into_same
        elif way == "numpy":
            self.a, self.b = self.a.numpy(), self.b.numpy()
            limit_threads(parameters["threads"])
            self.step = self.by_numpy

    @torch.no_grad()
    def run(self, iterations):
        super().run(iterations)

    def step(self):
        torch.matmul(self.a, self.b)

    def into_same(self):
        torch.matmul(self.a, self.b, out=self.product)

    def by_numpy(self):
        """By the BLAS that numpy brings: not all processors like PyTorch's best."""
        numpy.matmul(self.a, self.b)


class Add(TorchTask):
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


class NearestCentroid(TorchTask):
    """Squared distance to, and index of, the nearest centroid, over blocks of points."""

    def __init__(self, parameters):
        super().__init__(parameters)
        n, k, dimension = parameters["n"], parameters["k"], parameters["dimension"]
        self.points = torch.randn(n, dimension, device=self.device)
        self.centroids = torch.randn(k, dimension, device=self.device)
        self.block = parameters["block"]
        way = {"cdist": self.by_cdist, "addmm": self.by_addmm}[parameters["way"]]
        self.nearest = compiled(way, parameters.get("compile"))

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


TASKS = {
    "forward": Forward,
    "train": Train,
    "agreement": Agreement,
    "profile": Profile,
    "matmul": MatMul,
    "add": Add,
    "sgd": Sgd,
    "ema": Ema,
    "nearest-centroid": NearestCentroid,
}


def prepare(parameters):
    task = TASKS[parameters["case"]](parameters)
    return task.warm_up() if isinstance(task, Network) else task


serve(prepare)
