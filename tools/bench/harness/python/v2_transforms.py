"""One of our augmentation recipes as torchvision's v2 transforms on uint8 tensors [..., 3, H, W]."""

import torch


def v2_crop(recipe):
    """Random resized crop and flip: what has to be done before images of several sizes fit a batch."""
    v2 = v2_module()
    settings = recipe["randomResizedCrop"]
    steps = [v2.RandomResizedCrop(settings["size"], settings["scale"], settings["ratio"], antialias=True)]
    if "flip" in recipe:
        steps.append(v2.RandomHorizontalFlip(recipe["flip"]["probability"]))
    return v2.Compose(steps)


def v2_view(recipe):
    """The whole recipe; the result is a normalised float32 tensor."""
    v2 = v2_module()
    steps = [v2_crop(recipe)]
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


def v2_module():
    try:
        from load_torchvision import torchvision  # noqa: F401
    except ImportError as error:
        raise NotImplementedError(f"there is no torchvision: {error}") from error
    from torchvision.transforms import v2

    return v2
