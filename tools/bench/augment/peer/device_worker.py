"""The peer's side of the augment benchmark on a graphics processor: bytes in pinned memory to two views on the device."""

import torch
from batched_views import BatchedViews
from bench_side import serve
from torch_task import TorchTask


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


def v2_view(recipe):
    """A recipe as torchvision's v2 transforms on uint8 tensors."""
    try:
        from load_torchvision import torchvision  # noqa: F401
    except ImportError as error:
        raise NotImplementedError(f"there is no torchvision: {error}") from error
    from torchvision.transforms import v2

    settings = recipe["randomResizedCrop"]
    steps = [v2.RandomResizedCrop(settings["size"], settings["scale"], settings["ratio"], antialias=True)]
    if "flip" in recipe:
        steps.append(v2.RandomHorizontalFlip(recipe["flip"]["probability"]))
    if "colorJitter" in recipe:
        jitter = recipe["colorJitter"]
        strengths = {name: tuple(jitter[name]) for name in ("brightness", "contrast", "saturation", "hue")}
        steps.append(v2.RandomApply([v2.ColorJitter(**strengths)], jitter["probability"]))
    if "grayscale" in recipe:
        steps.append(v2.RandomGrayscale(recipe["grayscale"]["probability"]))
    if "gaussianBlur" in recipe:
        blur = recipe["gaussianBlur"]
        steps.append(v2.RandomApply([v2.GaussianBlur(blur["kernel"], tuple(blur["sigma"]))], blur["probability"]))
    normalize = recipe["normalize"]
    steps += [v2.ToDtype(torch.float32, scale=True), v2.Normalize(normalize["mean"], normalize["std"])]
    return v2.Compose(steps)


serve(Views)
