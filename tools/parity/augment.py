"""Writes packages/augment/test/fixtures: reference pictures and statistics of torchvision and PIL.

Also writes the picture of the augment benchmark.

    python3 tools/parity/augment.py

needs torch, torchvision and Pillow. Every case is one transform with explicit parameters, applied by
torchvision to the PIL picture that `picture` paints; the tests paint the same one. What is stored is
one sheet of 32 x 32 tiles for each size: the whole result at 32 pixels, every seventh pixel at 224.
"""

import json
import sys
from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image, ImageFilter

TOOLS = Path(__file__).resolve().parents[1]
FIXTURES = TOOLS.parent / "packages" / "augment" / "test" / "fixtures"
sys.path.insert(0, str(TOOLS / "bench" / "harness" / "python"))
from load_torchvision import torchvision  # noqa: E402
from torchvision.transforms import RandomResizedCrop  # noqa: E402
from torchvision.transforms import functional as F  # noqa: E402



def picture(height, width):
    """Slanted waves, blocks with hard edges, and a little noise; whole numbers only."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")

    def wave(t, period):
        value = t % period * 512 // period
        return np.minimum(value, 511 - value)

    value = (5 * wave(3 * x + 2 * y + 40 * c, 97) + 3 * wave(5 * y + 2 * x + 90 * c, 61)) // 8
    value = np.where((x // 9 + y // 7 + c) % 5 == 0, 255 - value, value)
    value = value + (73 * x + 151 * y + 199 * c + 7 * x * y) % 31 - 15
    return Image.fromarray(np.clip(value, 0, 255).astype(np.uint8))


def adjust(image, name, factor):
    return getattr(F, f"adjust_{name}")(image, factor)


def apply(image, step):
    kind = step["kind"]
    if kind == "crop":
        box = [step[key] for key in ("top", "left", "height", "width")]
        image = F.resized_crop(image, *box, [step["size"]] * 2, F.InterpolationMode.BILINEAR)
        return F.hflip(image) if step["flip"] else image
    if kind == "plain":
        image = F.resize(image, step["resize"], F.InterpolationMode.BILINEAR)
        return F.center_crop(image, step["size"])
    if kind == "jitter":
        for name in step["order"]:
            image = adjust(image, name, step[name])
        return image
    if kind == "grayscale":
        return F.to_grayscale(image, 3)
    if kind == "blur":
        return F.gaussian_blur(image, step["kernel"], step["sigma"])
    if kind == "pil-blur":
        return image.filter(ImageFilter.GaussianBlur(step["sigma"]))
    return F.solarize(image, step["threshold"])


def jitter(*order, **factors):
    neutral = {"brightness": 1, "contrast": 1, "saturation": 1, "hue": 0}
    rest = [name for name in neutral if name not in order]
    return {"kind": "jitter", "order": [*order, *rest], **neutral, **factors}


def cases(size):
    large = [size * 8 // 7, size * 3 // 2]
    whole = [size, size]

    def crop(top, left, height, width, flip):
        box = {"top": top, "left": left, "height": height, "width": width}
        return {"kind": "crop", "size": size, "flip": flip, **box}

    mixed = {"brightness": 1.3, "contrast": 0.7, "saturation": 1.5, "hue": -0.08}
    half = size // 2
    return [
        ("crop, shrinking", large, [crop(3, 5, size * 8 // 7 - 4, size * 3 // 2 - 9, False)]),
        ("crop, growing, flipped", large, [crop(7, 2, half, half + 5, True)]),
        ("crop of three pixels", large, [crop(9, 4, 1, 3, False)]),
        ("resize and centre crop", large, [{"kind": "plain", "resize": size * 10 // 9, "size": size}]),
        ("resize and centre crop, upright", large[::-1], [{"kind": "plain", "resize": size + 5, "size": size}]),
        ("brighter", whole, [jitter("brightness", brightness=1.4)]),
        ("darker", whole, [jitter("brightness", brightness=0.6)]),
        ("more contrast", whole, [jitter("contrast", contrast=1.4)]),
        ("less contrast", whole, [jitter("contrast", contrast=0.6)]),
        ("more saturation", whole, [jitter("saturation", saturation=1.8)]),
        ("less saturation", whole, [jitter("saturation", saturation=0.2)]),
        ("hue, a little", whole, [jitter("hue", hue=0.1)]),
        ("hue, the other way", whole, [jitter("hue", hue=-0.37)]),
        ("hue, opposite", whole, [jitter("hue", hue=0.5)]),
        ("jitter, hue first", whole, [jitter("hue", "contrast", "brightness", "saturation", **mixed)]),
        ("jitter, hue last", whole, [jitter("saturation", "brightness", "contrast", "hue", **mixed)]),
        ("grayscale", whole, [{"kind": "grayscale"}]),
        ("blur, hardly", whole, [{"kind": "blur", "kernel": 23, "sigma": 0.1}]),
        ("blur, cut off", whole, [{"kind": "blur", "kernel": 3, "sigma": 1.5}]),
        ("blur, strong", whole, [{"kind": "blur", "kernel": 23, "sigma": 2.0}]),
        ("blur of PIL", whole, [{"kind": "pil-blur", "kernel": 23, "sigma": 1.2}]),
        ("blur of PIL, strong", whole, [{"kind": "pil-blur", "kernel": 23, "sigma": 2.0}]),
        ("solarize", whole, [{"kind": "solarize", "threshold": 128}]),
        (
            "all of MoCo v2",
            large,
            [
                crop(2, 6, size - 3, size + 2, True),
                jitter("contrast", "hue", "saturation", "brightness", **mixed),
                {"kind": "blur", "kernel": 23, "sigma": 0.8},
            ],
        ),
    ]


def sheet(size):
    entries, tiles = [], []
    step = size // 32
    for name, source, steps in cases(size):
        image = picture(*source)
        for each in steps:
            image = apply(image, each)
        assert image.size == (size, size), name
        tiles.append(np.asarray(image)[step // 2 :: step, step // 2 :: step])
        entries.append({"name": name, "source": source, "steps": steps})
    Image.fromarray(np.concatenate(tiles)).save(FIXTURES / f"sheet{size}.png", optimize=True)
    return entries


QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]


def crop_statistics(height, width, scale, ratio, count=100_000):
    """Quantiles of what RandomResizedCrop draws."""
    image = Image.new("RGB", (width, height))
    boxes = np.array([RandomResizedCrop.get_params(image, scale, ratio) for _ in range(count)], float)
    top, left, h, w = boxes.T
    figures = {
        "area": h * w / (height * width),
        "logRatio": np.log(w / h),
        "centreY": (top + h / 2) / height,
        "centreX": (left + w / 2) / width,
    }
    return {
        "height": height,
        "width": width,
        "scale": scale,
        "ratio": ratio,
        "quantiles": {name: np.quantile(values, QUANTILES).tolist() for name, values in figures.items()},
        "means": {name: values.mean() for name, values in figures.items()},
    }


def photograph(height, width):
    """Soft shapes, fine texture and grain: as much work for a JPEG decoder as most photographs are."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    channels = []
    for c in range(3):
        coarse = Image.fromarray(generator.integers(0, 256, (height // 8, width // 8), dtype=np.uint8))
        soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), float)
        texture = 60 * np.sin(x / (7 + 3 * c)) * np.cos(y / (11 + c))
        channels.append(0.5 * soft + texture + generator.normal(40, 12, (height, width)))
    return Image.fromarray(np.clip(np.stack(channels, -1), 0, 255).astype(np.uint8))


def main():
    photograph(375, 500).save(TOOLS / "bench" / "augment" / "picture.jpg", quality=90)
    torch.manual_seed(0)
    # A JPEG, and what PIL decodes it to.
    jpeg = FIXTURES / "picture.jpg"
    picture(60, 80).filter(ImageFilter.GaussianBlur(1)).save(jpeg, quality=92)
    Image.open(jpeg).convert("RGB").save(FIXTURES / "pictureDecoded.png", optimize=True)
    # What sharp does not write.
    picture(45, 51).save(FIXTURES / "sampled422.jpg", subsampling="4:2:2")
    picture(45, 51).save(FIXTURES / "restarts.jpg", restart_marker_rows=1)
    ratio = (3 / 4, 4 / 3)
    reference = {
        "madeWith": {"torchvision": torchvision.__version__, "pillow": PIL.__version__},
        "checksum": int(np.asarray(picture(256, 336)).astype(np.int64).sum()),
        "cases": {str(size): sheet(size) for size in (32, 224)},
        "quantiles": QUANTILES,
        "crops": [
            crop_statistics(32, 32, (0.2, 1.0), ratio),
            crop_statistics(375, 500, (0.08, 1.0), ratio),
            # So flat that most tries fail, and many times all of them.
            crop_statistics(60, 240, (0.3, 1.0), ratio),
            crop_statistics(240, 60, (0.3, 1.0), ratio),
        ],
    }
    with open(FIXTURES / "reference.json", "w") as file:
        json.dump(reference, file, separators=(",", ":"))
        file.write("\n")


main()
