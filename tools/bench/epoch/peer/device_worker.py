"""The peer's side of the epoch benchmark on a graphics processor, with all that it does there: images, views, k-means."""

import torch
import torch.nn.functional as F
from batched_views import BatchedViews
from bench_side import serve
from torch_kmeans import count, kmeans, nearest
from torch_task import compiled

from pcl import Pcl
from split_batch_norm import split_batch_norms

EVALUATION_BATCH = 500


class OnDevice(Pcl):
    """`norm` says how batch norm sees parts of the batch: `split` in one pass over all of it, whose channels come
    first in memory then; or `parts`, the network being given one part after the other, channels last."""

    def __init__(self, parameters):
        self.splits = parameters["settings"]["batchNormSplits"]
        self.norm = parameters["norm"]
        if self.norm == "split" and self.splits > 1:
            self.memory_format = torch.contiguous_format
        super().__init__(parameters)
        data = self.settings["data"]
        with open(data["path"], "rb") as file:
            images = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)
        self.images = images.reshape(data["shape"]).to(self.device)
        self.views = BatchedViews(self.settings["recipe"], self.device)
        mode = parameters.get("compile")
        self.query, self.key = compiled(self.query, mode), compiled(self.key, mode)

    def encoder(self):
        network = super().encoder()
        return split_batch_norms(network, self.splits) if self.norm == "split" and self.splits > 1 else network

    def embed_query(self, images):
        return F.normalize(self.in_parts(self.query, images), dim=1)

    def embed_key(self, images):
        if not self.key.training or self.splits == 1:
            return super().embed_key(images)
        # Batch norm sees the keys in another company than the queries.
        order = torch.randperm(len(images), device=self.device)
        keys = self.in_parts(self.key, images[order])
        return F.normalize(torch.empty_like(keys).index_copy_(0, order, keys), dim=1)

    def in_parts(self, network, images):
        if self.norm == "split" or self.splits == 1:
            return network(images)
        return torch.cat([network(part) for part in images.chunk(self.splits)])

    @torch.no_grad()
    def features(self):
        """Of all images by the momentum encoder, L2-normalised [n, D]."""
        self.key.eval()
        with self.autocast():
            found = [
                self.embed_key(self.views.plain(batch).to(memory_format=self.memory_format))
                for batch in self.images.split(EVALUATION_BATCH)
            ]
        self.key.train()
        return torch.cat(found).float()

    @torch.no_grad()
    def cluster(self, features, k, seed):
        centroids = kmeans(features, k, self.settings["iterations"], self.settings["redo"], seed)
        squared, assignments = nearest(features, centroids)
        sizes = count(assignments, k)
        sums = torch.zeros(k, device=self.device).index_add_(0, assignments, squared.sqrt())
        concentration = sums / (sizes * torch.log(sizes + 10) + 1e-12)
        concentration = torch.where(sizes < 2, concentration.max(), concentration)
        ends = torch.quantile(concentration, torch.tensor([0.1, 0.9], device=self.device))
        concentration = concentration.clamp(ends[0], ends[1])
        concentration *= self.settings["temperature"] / concentration.mean()
        return F.normalize(centroids, dim=1), assignments, concentration


class TrainingSteps(OnDevice):
    """The M-step: views made on the device, ProtoNCE, backward pass, update."""

    def __init__(self, parameters):
        super().__init__(parameters)
        self.expect()
        self.order = iter(())

    def run(self, iterations):
        for _ in range(iterations):
            indices = next(self.order, None)
            if indices is None or len(indices) < self.batch:
                self.order = iter(torch.randperm(len(self.images), device=self.device).split(self.batch))
                indices = next(self.order)
            images = self.images[indices]
            self.step([self.views(images), self.views(images)], indices)


class ExpectationSteps(OnDevice):
    """The E-step alone."""

    def run(self, iterations):
        for _ in range(iterations):
            self.expect()


TASKS = {"m-step": TrainingSteps, "e-step": ExpectationSteps}

serve(lambda parameters: TASKS[parameters["case"]](parameters))
