"""The peer's side of the augment benchmark: torchvision on PIL images in the workers of a DataLoader."""

import numpy
import PIL
import torch
from bench_side import serve
from load_torchvision import torchvision
from PIL import Image
from recipe_transforms import crop, view
from torch.utils.data import DataLoader, Dataset

SIDE = 32
FILE_BATCH = 16


class Views(Dataset):
    """Two views of every image of batches that lie in memory as bytes."""

    def __init__(self, parameters):
        self.batch = parameters["batch"]
        self.transform = view(parameters["recipe"])
        generator = numpy.random.default_rng(1)
        self.images = generator.integers(0, 256, (self.batch, SIDE, SIDE, 3), dtype=numpy.uint8)
        self.per_iteration = self.batch

    def __getitem__(self, index):
        image = Image.fromarray(self.images[index % len(self.images)])
        return self.transform(image), self.transform(image)


class Files(Dataset):
    """Two crops of every file, as bytes: the other transforms would take a batch of them."""

    def __init__(self, parameters):
        self.batch = FILE_BATCH
        self.path = parameters["picture"]
        steps = [crop(parameters["recipe"]), torchvision.transforms.PILToTensor()]
        self.transform = torchvision.transforms.Compose(steps)
        self.per_iteration = 1

    def __getitem__(self, index):
        with open(self.path, "rb") as file:
            image = Image.open(file).convert("RGB")
        return self.transform(image), self.transform(image)


class Task:
    def __init__(self, parameters):
        # The workers have one thread each; this process has none that would be in their way.
        torch.set_num_threads(1)
        self.dataset = {"views": Views, "files": Files}[parameters["case"]](parameters)
        self.workers = parameters["threads"]
        self.loaders = {}
        self.versions = {
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "pillow": PIL.__version__,
        }

    def run(self, iterations):
        for first, second in self.loader(iterations):
            assert first.shape == second.shape

    def loader(self, iterations):
        """Its workers live on from run to run."""
        if iterations not in self.loaders:
            self.loaders[iterations] = DataLoader(
                self.dataset,
                self.dataset.batch,
                sampler=range(iterations * self.dataset.per_iteration),
                num_workers=self.workers,
                persistent_workers=True,
            )
        return self.loaders[iterations]


serve(Task)
