"""One of our augmentation recipes, with every range written as a pair, as torchvision's transforms on PIL images."""

import random

from load_torchvision import torchvision
from PIL import ImageFilter

transforms = torchvision.transforms


class GaussianBlur:
    """As in MoCo v2: PIL's blur, with its standard deviation drawn anew for each image."""

    def __init__(self, sigma):
        self.sigma = sigma

    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(random.uniform(*self.sigma)))


def crop(recipe):
    """Random resized crop and flip: what has to be done before images of several sizes fit a batch."""
    settings = recipe["randomResizedCrop"]
    steps = [transforms.RandomResizedCrop(settings["size"], settings["scale"], settings["ratio"])]
    if "flip" in recipe:
        steps.append(transforms.RandomHorizontalFlip(recipe["flip"]["probability"]))
    return transforms.Compose(steps)


def view(recipe):
    """The whole recipe; the result is a normalised float32 tensor."""
    steps = [crop(recipe)]
    if "colorJitter" in recipe:
        jitter = recipe["colorJitter"]
        names = ("brightness", "contrast", "saturation", "hue")
        strengths = {name: tuple(jitter[name]) for name in names}
        steps.append(transforms.RandomApply([transforms.ColorJitter(**strengths)], jitter["probability"]))
    if "grayscale" in recipe:
        steps.append(transforms.RandomGrayscale(recipe["grayscale"]["probability"]))
    if "gaussianBlur" in recipe:
        blur = recipe["gaussianBlur"]
        steps.append(transforms.RandomApply([GaussianBlur(blur["sigma"])], blur["probability"]))
    normalize = recipe["normalize"]
    steps += [transforms.ToTensor(), transforms.Normalize(normalize["mean"], normalize["std"])]
    return transforms.Compose(steps)
