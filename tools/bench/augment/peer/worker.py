"""The peer's side of the augment benchmark: torchvision in the workers of a DataLoader, and whole batches in PyTorch."""

import numpy
import PIL
import torch
from batched_views import BatchedViews
from bench_side import serve
from load_torchvision import torchvision
from PIL import Image
from recipe_transforms import crop, view
from torch.utils.data import DataLoader, Dataset
from v2_transforms import v2_crop, v2_view

SIDE = 32
FILE_BATCH = 16


class Views(Dataset):
    """Two views of every image of batches that lie in memory as bytes."""

    def __init__(self, parameters):
        self.batch = parameters["batch"]
        generator = numpy.random.default_rng(1)
        images = generator.integers(0, 256, (self.batch, SIDE, SIDE, 3), dtype=numpy.uint8)
        self.per_iteration = self.batch
        if parameters["way"] == "v2":
            self.transform = v2_view(parameters["recipe"])
            self.images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
            self.get = self.images.__getitem__
        else:
            self.transform = view(parameters["recipe"])
            self.images = images
            self.get = lambda index: Image.fromarray(self.images[index])

    def __getitem__(self, index):
        image = self.get(index % len(self.images))
        return self.transform(image), self.transform(image)


class Files(Dataset):
    """Two crops of every file, as bytes: the other transforms would take a batch of them."""

    def __init__(self, parameters):
        self.batch = FILE_BATCH
        self.path = parameters["picture"]
        self.per_iteration = 1
        if parameters["way"] in ("v2", "pil-v2"):
            self.transform = v2_crop(parameters["recipe"])
            self.read = jpeg_decoder(self.path) if parameters["way"] == "v2" else read_as_tensor
        else:
            steps = [crop(parameters["recipe"]), torchvision.transforms.PILToTensor()]
            self.transform = torchvision.transforms.Compose(steps)
            self.read = read_by_pil

    def __getitem__(self, index):
        image = self.read(self.path)
        return self.transform(image), self.transform(image)


def read_by_pil(path):
    with open(path, "rb") as file:
        return Image.open(file).convert("RGB")


def read_as_tensor(path):
    return torchvision.transforms.functional.pil_to_tensor(read_by_pil(path))


def jpeg_decoder(path):
    """torchvision's own decoder, where its compiled operators belong to the PyTorch that there is."""
    from torchvision.io import ImageReadMode, decode_jpeg, read_file

    def read(path):
        return decode_jpeg(read_file(path), ImageReadMode.RGB)

    try:
        read(path)
    except (RuntimeError, AttributeError) as error:
        raise NotImplementedError(f"torchvision cannot decode JPEG here: {error}") from error
    return read


class Loaded:
    """What the workers of a DataLoader make, or this process where there are none."""

    def __init__(self, parameters):
        # The workers have one thread each; this process has none that would be in their way.
        self.workers = parameters["workers"]
        torch.set_num_threads(1 if self.workers > 0 else parameters["threads"])
        self.dataset = {"views": Views, "files": Files}[parameters["case"]](parameters)
        self.loaders = {}
        self.versions = versions()

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
                persistent_workers=self.workers > 0,
            )
        return self.loaders[iterations]


class Batched:
    """Both views of whole batches in plain PyTorch."""

    def __init__(self, parameters):
        torch.set_num_threads(parameters["threads"])
        shape = parameters["batch"], SIDE, SIDE, 3
        self.images = torch.randint(0, 256, shape, dtype=torch.uint8)
        self.view = BatchedViews(parameters["recipe"], torch.device("cpu"))
        self.versions = versions()

    def run(self, iterations):
        for _ in range(iterations):
            first, second = self.view(self.images), self.view(self.images)
            assert first.shape == second.shape


def versions():
    return {
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "pillow": PIL.__version__,
    }


def prepare(parameters):
    return Batched(parameters) if parameters["way"] == "batched" else Loaded(parameters)


serve(prepare)
