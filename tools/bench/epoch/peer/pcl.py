"""Prototypical contrastive learning in plain PyTorch; Li et al., ICLR 2021."""

import copy
import math

import torch
import torch.nn.functional as F
from torch_task import TorchTask

from network import encoder


class Pcl(TorchTask):
    """Query and momentum encoder, queue and prototypes; whoever inherits knows the images and clusters the features."""

    memory_format = torch.channels_last

    def __init__(self, parameters):
        super().__init__(parameters)
        self.settings = settings = parameters["settings"]
        self.batch = settings["batch"]
        self.query = self.encoder().to(self.device, memory_format=self.memory_format)
        self.key = copy.deepcopy(self.query).requires_grad_(False)
        self.queue = F.normalize(torch.randn(settings["queue"], settings["dimension"], device=self.device), dim=1)
        self.pointer = 0
        self.optimizer = torch.optim.SGD(
            self.query.parameters(),
            lr=settings["learningRate"],
            momentum=settings["sgdMomentum"],
            weight_decay=settings["weightDecay"],
            **fused_where_it_can(self.device),
        )
        # Of each granularity: centroids, assignments, concentration.
        self.prototypes = []

    def encoder(self):
        settings = self.settings
        return encoder(settings["depth"], settings["width"], settings["head"], settings["dimension"])

    def embed_query(self, images):
        return F.normalize(self.query(images), dim=1)

    def embed_key(self, images):
        return F.normalize(self.key(images), dim=1)

    def follow(self):
        mine, theirs = list(self.key.parameters()), list(self.query.parameters())
        torch._foreach_lerp_(mine, theirs, 1 - self.settings["momentum"])

    def expect(self):
        """The E-step: features, one k-means for each granularity, concentrations."""
        features = self.features()
        self.prototypes = [
            self.cluster(features, k, seed) for seed, k in enumerate(self.settings["granularities"])
        ]

    def step(self, views, indices):
        first, second = (view.to(memory_format=self.memory_format) for view in views)
        with self.autocast():
            query = self.embed_query(first)
            with torch.no_grad():
                self.follow()
                key = self.embed_key(second)
            loss = self.instance_loss(query, key)
            if self.prototypes:
                loss = loss + sum(self.prototype_loss(query, indices, *each) for each in self.prototypes) / len(
                    self.prototypes
                )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.queue[self.pointer : self.pointer + len(key)] = key
        self.pointer = (self.pointer + len(key)) % len(self.queue)
        if not math.isfinite(loss.item()):
            raise ValueError("the loss is not finite")

    def instance_loss(self, query, key):
        positive = (query * key).sum(dim=1, keepdim=True)
        logits = torch.cat([positive, query @ self.queue.T], dim=1) / self.settings["temperature"]
        return F.cross_entropy(logits, torch.zeros(len(query), dtype=torch.long, device=self.device))

    def prototype_loss(self, query, indices, centroids, assignments, concentration):
        """Against all prototypes, each of them one column."""
        return F.cross_entropy(query @ centroids.T / concentration, assignments[indices])


def fused_where_it_can(device):
    """PyTorch 2.4 has a fused SGD for processors, releases before it for other devices only."""
    try:
        torch.optim.SGD([torch.zeros(1, device=device, requires_grad=True)], lr=1, fused=True)
    except (RuntimeError, TypeError):
        return {}
    return {"fused": True}
