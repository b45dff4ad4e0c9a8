"""The peer's side of the augment benchmark on a graphics processor: bytes in pinned memory to two views on the device."""

import torch
from batched_views import BatchedViews
from bench_side import serve
from torch_task import TorchTask
from v2_transforms import v2_view


class Views(TorchTask):
    def __init__(self, parameters):
        super().__init__(parameters)
        batch, side = parameters["batch"], parameters["side"]
        self.images = torch.randint(0, 256, (batch, side, side, 3), dtype=torch.uint8)
        if self.device.type == "cuda":
            self.images = self.images.pin_memory()
        recipe = parameters["recipe"]
        if parameters["way"] == "batched":
            self.view = BatchedViews(recipe, self.device)
        else:
            transform = v2_view(recipe)
            self.view = {"v2-images": by_images, "v2-batch": by_batches}[parameters["way"]](transform)

    def step(self):
        images = self.images.to(self.device, non_blocking=True)
        return [self.view(images) for _ in range(2)]


def by_images(transform):
    return lambda images: torch.stack([transform(image) for image in images.permute(0, 3, 1, 2)])


def by_batches(transform):
    return lambda images: transform(images.permute(0, 3, 1, 2))


serve(Views)
