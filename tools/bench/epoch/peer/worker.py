"""The peer's side of the epoch benchmark on the processor: plain PyTorch, torchvision and faiss."""

import faiss
import numpy
import torch
import torch.nn.functional as F
from bench_side import limit_threads, serve
from load_torchvision import torchvision
from torch_task import compiled

from pcl import Pcl
from views import BatchedEpochs, LoadedViews

WORKERS = 2
EVALUATION_BATCH = 500


class OnProcessor(Pcl):
    """`views` says who makes them: the `workers` of a DataLoader from PIL images, or PyTorch by `batches`."""

    def __init__(self, parameters):
        faiss.omp_set_num_threads(parameters["threads"])
        limit_threads(parameters["threads"])
        super().__init__(parameters)
        source = self.settings["data"], self.settings["recipe"], self.batch
        is_loaded = parameters["views"] == "workers"
        self.views = LoadedViews(*source, WORKERS) if is_loaded else BatchedEpochs(*source)
        mode = parameters.get("compile")
        self.query, self.key = compiled(self.query, mode), compiled(self.key, mode)
        self.versions = {
            **self.versions,
            "torchvision": torchvision.__version__,
            "faiss": faiss.__version__,
        }

    @torch.no_grad()
    def features(self):
        """Of all images by the momentum encoder, L2-normalised [n, D]."""
        self.key.eval()
        batches = self.views.plain(EVALUATION_BATCH)
        found = [self.embed_key(images.to(memory_format=self.memory_format)) for images in batches]
        self.key.train()
        return torch.cat(found).numpy()

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


class TrainingSteps(OnProcessor):
    """The M-step: batches from the loader, ProtoNCE, backward pass, update."""

    def __init__(self, parameters):
        super().__init__(parameters)
        self.expect()
        self.batches = self.views.training()

    def run(self, iterations):
        for _ in range(iterations):
            self.step(*next(self.batches))


class ExpectationSteps(OnProcessor):
    """The E-step alone."""

    def run(self, iterations):
        for _ in range(iterations):
            self.expect()


TASKS = {"m-step": TrainingSteps, "e-step": ExpectationSteps}

if __name__ == "__main__":
    serve(lambda parameters: TASKS[parameters["case"]](parameters))
