"""One of our augmentation recipes on whole batches in plain PyTorch, on whatever device the images are.

Every image has draws of its own, as in the recipe, with two liberties that a loop over images would not need: the
adjustments of the colour jitter have one order for the batch, and the crop is resized by bilinear sampling without
antialiasing. Nothing here makes the host wait for the device.
"""

import math

import torch
import torch.nn.functional as F

LUMA = (0.299, 0.587, 0.114)
FLOOR = 1e-8


class BatchedViews:
    """Makes a random view of each image: uint8 [N, H, W, 3] to normalised float32 [N, 3, size, size], channels last."""

    def __init__(self, recipe, device):
        self.recipe = recipe
        self.device = device
        # How far each channel's pure colour is from the beginning of the colour circle, in sextants.
        self.pure = torch.tensor((5.0, 3.0, 1.0), device=device).view(1, 3, 1, 1)
        self.luma = torch.tensor(LUMA, device=device).view(1, 3, 1, 1)
        normalize = recipe["normalize"]
        self.mean = torch.tensor(normalize["mean"], device=device).view(1, 3, 1, 1)
        self.std = torch.tensor(normalize["std"], device=device).view(1, 3, 1, 1)

    @torch.no_grad()
    def __call__(self, images):
        x = self.crop(images.permute(0, 3, 1, 2).float() / 255)
        if "colorJitter" in self.recipe:
            x = self.jitter(x, self.recipe["colorJitter"])
        if "grayscale" in self.recipe:
            chosen = self.chosen(x, self.recipe["grayscale"]["probability"])
            x = torch.where(chosen, self.gray(x), x)
        if "gaussianBlur" in self.recipe:
            x = self.blur(x, **self.recipe["gaussianBlur"])
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def plain(self, images):
        """What evaluation and the E-step see."""
        size = self.recipe["randomResizedCrop"]["size"]
        changes = self.recipe.get("plain", {})
        resized, size = changes.get("resize", size), changes.get("size", size)
        x = images.permute(0, 3, 1, 2).float() / 255
        if x.shape[-1] != resized:
            x = F.interpolate(x, (resized, resized), mode="bilinear", antialias=True)
        start = (resized - size) // 2
        x = x[:, :, start : start + size, start : start + size]
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def uniform(self, count, low, high):
        return torch.empty(count, device=self.device).uniform_(low, high)

    def chosen(self, x, probability):
        return torch.rand(len(x), 1, 1, 1, device=self.device) < probability

    def crop(self, x):
        """Random resized crop and flip, as one affine sampling."""
        n, _, height, width = x.shape
        settings = self.recipe["randomResizedCrop"]
        area = self.uniform(n, *settings["scale"]) * (height * width)
        ratio = self.uniform(n, *(math.log(end) for end in settings["ratio"])).exp()
        box_width = ((area * ratio).sqrt() / width).clamp(max=1)
        box_height = ((area / ratio).sqrt() / height).clamp(max=1)
        left = (1 - box_width) * self.uniform(n, -1, 1)
        top = (1 - box_height) * self.uniform(n, -1, 1)
        if "flip" in self.recipe:
            flipped = torch.rand(n, device=self.device) < self.recipe["flip"]["probability"]
            box_width = torch.where(flipped, -box_width, box_width)
        zero = torch.zeros_like(left)
        theta = torch.stack([box_width, zero, left, zero, box_height, top], dim=1).view(n, 2, 3)
        size = settings["size"]
        grid = F.affine_grid(theta, (n, 3, size, size), align_corners=False)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    def gray(self, x):
        return (x * self.luma).sum(dim=1, keepdim=True).expand_as(x)

    def jitter(self, x, settings):
        changed = x
        for which in torch.randperm(4).tolist():
            name = ("brightness", "contrast", "saturation", "hue")[which]
            amount = self.uniform(len(x), *settings[name]).view(-1, 1, 1, 1)
            if name == "brightness":
                changed = (changed * amount).clamp_(0, 1)
            elif name == "contrast":
                mean = self.gray(changed)[:, :1].mean(dim=(2, 3), keepdim=True)
                changed = torch.lerp(mean.expand_as(changed), changed, amount).clamp_(0, 1)
            elif name == "saturation":
                changed = torch.lerp(self.gray(changed), changed, amount).clamp_(0, 1)
            else:
                changed = turn_hue(changed, amount, self.pure)
        return torch.where(self.chosen(x, settings["probability"]), changed, x)

    def blur(self, x, probability, sigma, kernel):
        n, channels, height, width = x.shape
        reach = (kernel - 1) // 2
        sigmas = self.uniform(n, *sigma).view(-1, 1)
        taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=self.device) / sigmas) ** 2)
        taps = (taps / taps.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)
        planes = x.contiguous().view(1, n * channels, height, width)
        padded = F.pad(planes, (reach, reach, reach, reach), mode="reflect")
        across = F.conv2d(padded, taps[:, None, None, :], groups=n * channels)
        blurred = F.conv2d(across, taps[:, None, :, None], groups=n * channels).view_as(x)
        return torch.where(self.chosen(x, probability), blurred, x)


def turn_hue(x, turns, pure):
    """By turns of the colour circle, in the hexcone model."""
    most, least = x.amax(dim=1, keepdim=True), x.amin(dim=1, keepdim=True)
    chroma = most - least
    red, green, blue = x.split(1, dim=1)
    divisor = chroma.clamp(min=FLOOR)
    sextant = torch.where(
        most == red,
        (green - blue) / divisor,
        torch.where(most == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )
    sextant = sextant + 6 * turns
    place = torch.remainder(sextant + pure, 6)
    return most - chroma * torch.minimum(place, 4 - place).clamp_(0, 1)
