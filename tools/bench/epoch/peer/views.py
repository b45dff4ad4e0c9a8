"""Views of every image: by torchvision on PIL images in the workers of a DataLoader, or by whole batches in PyTorch."""

import numpy
import torch
from batched_views import BatchedViews
from PIL import Image
from recipe_transforms import view
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Views(Dataset):
    """`views` transformed copies of each image of a raw file, uint8 [n, H, W, 3]."""

    def __init__(self, path, shape, transform, views):
        self.images = numpy.fromfile(path, dtype=numpy.uint8).reshape(shape)
        self.transform = transform
        self.views = views

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = Image.fromarray(self.images[index])
        return [self.transform(image) for _ in range(self.views)], index


def plain(recipe):
    """What the E-step sees."""
    size, changes, normalize = recipe["randomResizedCrop"]["size"], recipe.get("plain", {}), recipe["normalize"]
    return transforms.Compose(
        [
            transforms.Resize(changes.get("resize", size)),
            transforms.CenterCrop(changes.get("size", size)),
            transforms.ToTensor(),
            transforms.Normalize(normalize["mean"], normalize["std"]),
        ]
    )


class LoadedViews:
    """Views that the workers of a DataLoader make; they live on from epoch to epoch."""

    def __init__(self, images, recipe, batch, workers):
        self.images, self.recipe, self.batch = images, recipe, batch
        self.loading = {"num_workers": workers, "persistent_workers": workers > 0}
        self.plain_loader = None

    def training(self):
        """Two views of batches without end, epoch after epoch, each in another order."""
        loader = DataLoader(
            Views(self.images["path"], self.images["shape"], view(self.recipe), 2),
            self.batch,
            shuffle=True,
            drop_last=True,
            generator=torch.Generator().manual_seed(0),
            **self.loading,
        )
        while True:
            yield from loader

    def plain(self, batch):
        """Every image once."""
        if self.plain_loader is None:
            dataset = Views(self.images["path"], self.images["shape"], plain(self.recipe), 1)
            self.plain_loader = DataLoader(dataset, batch, **self.loading)
        return (views[0] for views, _ in self.plain_loader)


class BatchedEpochs:
    """Views of whole batches, by the threads of this process."""

    def __init__(self, images, recipe, batch):
        values = numpy.fromfile(images["path"], dtype=numpy.uint8).reshape(images["shape"])
        self.images = torch.from_numpy(values)
        self.views = BatchedViews(recipe, torch.device("cpu"))
        self.batch = batch

    def training(self):
        while True:
            for indices in torch.randperm(len(self.images)).split(self.batch):
                if len(indices) == self.batch:
                    images = self.images[indices]
                    yield [self.views(images), self.views(images)], indices

    def plain(self, batch):
        return (self.views.plain(images) for images in self.images.split(batch))
