"""The peer's side of the epoch benchmark: PCL with the same settings, in plain PyTorch, torchvision and faiss."""

import copy
import math

import faiss
import numpy
import torch
import torch.nn.functional as F
from bench_side import serve
from load_torchvision import torchvision
from network import encoder
from views import plain_batches, training_batches

WORKERS = 2
EVALUATION_BATCH = 500


class Pcl:
    """Query and momentum encoder, queue and prototypes; Li et al., ICLR 2021."""

    def __init__(self, parameters):
        torch.set_num_threads(parameters["threads"])
        faiss.omp_set_num_threads(parameters["threads"])
        self.settings = settings = parameters["settings"]
        self.batch = settings["batch"]
        self.query = encoder(settings["depth"], settings["width"], settings["head"], settings["dimension"])
        self.query = self.query.to(memory_format=torch.channels_last)
        self.key = copy.deepcopy(self.query).requires_grad_(False)
        self.queue = F.normalize(torch.randn(settings["queue"], settings["dimension"]), dim=1)
        self.pointer = 0
        self.optimizer = torch.optim.SGD(
            self.query.parameters(),
            lr=settings["learningRate"],
            momentum=settings["sgdMomentum"],
            weight_decay=settings["weightDecay"],
        )
        self.prototypes = []
        self.versions = {
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "faiss": faiss.__version__,
        }

    @torch.no_grad()
    def features(self):
        """Of all images by the momentum encoder, L2-normalised [n, D]."""
        self.key.eval()
        batches = plain_batches(self.settings["data"], self.settings["recipe"], EVALUATION_BATCH, WORKERS)
        found = [F.normalize(self.key(images.to(memory_format=torch.channels_last)), dim=1) for images in batches]
        self.key.train()
        return torch.cat(found).numpy()

    def expect(self):
        """The E-step: features, one k-means for each granularity, concentrations."""
        features = self.features()
        self.prototypes = [
            self.cluster(features, k, seed) for seed, k in enumerate(self.settings["granularities"])
        ]

    def cluster(self, features, k, seed):
        kmeans = faiss.Kmeans(
            features.shape[1],
            k,
            niter=self.settings["iterations"],
            nredo=self.settings["redo"],
            seed=seed,
            min_points_per_centroid=10,
            max_points_per_centroid=1000,
        )
        kmeans.train(features)
        squared, assignments = (found[:, 0] for found in kmeans.index.search(features, 1))
        sums = numpy.bincount(assignments, numpy.sqrt(numpy.maximum(squared, 0)), k)
        sizes = numpy.bincount(assignments, minlength=k)
        concentration = sums / (sizes * numpy.log(sizes + 10) + 1e-12)
        concentration[sizes < 2] = concentration.max()
        concentration = concentration.clip(*numpy.percentile(concentration, [10, 90]))
        concentration *= self.settings["temperature"] / concentration.mean()
        return (
            F.normalize(torch.from_numpy(kmeans.centroids.copy()), dim=1),
            torch.from_numpy(assignments),
            torch.from_numpy(concentration).float(),
        )

    def step(self, views, indices):
        first, second = (view.to(memory_format=torch.channels_last) for view in views)
        query = F.normalize(self.query(first), dim=1)
        with torch.no_grad():
            momentum = self.settings["momentum"]
            for mine, theirs in zip(self.key.parameters(), self.query.parameters()):
                mine.mul_(momentum).add_(theirs, alpha=1 - momentum)
            key = F.normalize(self.key(second), dim=1)
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
        return F.cross_entropy(logits, torch.zeros(len(query), dtype=torch.long))

    def prototype_loss(self, query, indices, centroids, assignments, concentration):
        """Against all prototypes, each of them one column."""
        return F.cross_entropy(query @ centroids.T / concentration, assignments[indices])


class TrainingSteps(Pcl):
    """The M-step: batches from the loader, ProtoNCE, backward pass, update."""

    def __init__(self, parameters):
        super().__init__(parameters)
        self.expect()
        self.batches = training_batches(self.settings["data"], self.settings["recipe"], self.batch, WORKERS)

    def run(self, iterations):
        for _ in range(iterations):
            self.step(*next(self.batches))


class ExpectationSteps(Pcl):
    """The E-step alone."""

    def run(self, iterations):
        for _ in range(iterations):
            self.expect()


TASKS = {"m-step": TrainingSteps, "e-step": ExpectationSteps}

if __name__ == "__main__":
    serve(lambda parameters: TASKS[parameters["case"]](parameters))
