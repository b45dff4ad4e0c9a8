"""The peer's side of the steps of Lloyd's algorithm: the products that a step cannot do without, or all of it, in PyTorch."""

import torch
import torch.nn.functional as F
from bench_side import serve
from torch_kmeans import MOST_SCORES, run
from torch_task import TorchTask


class Step(TorchTask):
    def __init__(self, parameters):
        super().__init__(parameters)
        n, dimension, k = parameters["n"], parameters["dimension"], parameters["k"]
        self.points = F.normalize(torch.randn(n, dimension, device=self.device), dim=1)
        self.centroids = self.points[:: n // k][:k].clone()
        self.step = {"products": self.products, "step": self.whole_step}[parameters["way"]]
        rows = max(1, min(n, MOST_SCORES // k))
        self.blocks = self.points.split(rows)
        self.scores = torch.empty(rows, k, device=self.device)

    @torch.no_grad()
    def run(self, iterations):
        super().run(iterations)

    def products(self):
        for block in self.blocks:
            torch.mm(block, self.centroids.T, out=self.scores[: len(block)])

    def whole_step(self):
        run(self.points, self.centroids, 1)


serve(Step)
