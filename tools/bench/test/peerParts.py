"""The parts of the peer that it has instead of a library's, against that library's definition or a loop."""

import colorsys
import math
import unittest

import torch
import torch.nn.functional as F
from batched_views import BatchedViews, turn_hue
from bench_side import libraries
from split_batch_norm import SplitBatchNorm
from torch_kmeans import kmeans, nearest, run

UNCHANGED = {"mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]}
WHOLE = {"size": 16, "scale": [1, 1], "ratio": [1, 1]}


def views(**steps):
    recipe = {"randomResizedCrop": WHOLE, "normalize": UNCHANGED, **steps}
    return BatchedViews(recipe, torch.device("cpu"))


def same(a, b, tolerance=1e-5):
    torch.testing.assert_close(a, b, rtol=0, atol=tolerance)


class Parts(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.images = torch.randint(0, 256, (3, 16, 16, 3), dtype=torch.uint8)
        self.planes = self.images.permute(0, 3, 1, 2) / 255

    def test_whole_images_stay_as_they_are(self):
        same(views()(self.images), self.planes)

    def test_flip_and_normalisation(self):
        normalize = {"mean": [0.5, 0.4, 0.3], "std": [0.1, 0.2, 0.4]}
        mean, std = (torch.tensor(normalize[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
        expected = (self.planes.flip(3) - mean) / std
        same(views(flip={"probability": 1}, normalize=normalize)(self.images), expected, 1e-4)

    def test_hue_as_in_colorsys(self):
        turns = torch.tensor([0.1, -0.3, 0.5])
        turned = turn_hue(self.planes, turns.view(3, 1, 1, 1), views().pure)
        for image, turn in enumerate(turns.tolist()):
            for row, column in [(0, 0), (3, 7), (15, 2), (8, 8)]:
                hue, saturation, value = colorsys.rgb_to_hsv(*self.planes[image, :, row, column].tolist())
                expected = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
                same(turned[image, :, row, column], torch.tensor(expected))

    def test_blur_of_each_image_by_its_own_gaussian(self):
        blur = {"probability": 1, "sigma": [1.5, 1.5], "kernel": 5}
        taps = torch.tensor([math.exp(-0.5 * (i / 1.5) ** 2) for i in range(-2, 3)])
        taps /= taps.sum()
        padded = F.pad(self.planes, (2, 2, 2, 2), mode="reflect")
        expected = sum(
            taps[i] * taps[j] * padded[:, :, i : i + 16, j : j + 16] for i in range(5) for j in range(5)
        )
        same(views(gaussianBlur=blur)(self.images), expected)

    def test_draws_differ_from_image_to_image(self):
        one = self.images[:1].expand(8, -1, -1, -1)
        crop = {"size": 16, "scale": [0.2, 0.8], "ratio": [0.75, 1.33]}
        found = views(randomResizedCrop=crop)(one)
        distances = torch.cdist(found.flatten(1), found.flatten(1))
        self.assertGreater(distances[~torch.eye(8, dtype=torch.bool)].min(), 0.1)

    def test_a_step_of_kmeans_as_in_a_loop(self):
        points, centroids = torch.randn(50, 4), torch.randn(6, 4)
        squared = torch.stack([(points - centroid).square().sum(1) for centroid in centroids], dim=1)
        distances, assignments = nearest(points, centroids)
        same(distances, squared.amin(dim=1))
        self.assertEqual(assignments.tolist(), squared.argmin(dim=1).tolist())
        moved, objective = run(points, centroids, 1)
        for k in range(6):
            own = points[assignments == k]
            same(moved[k], own.mean(dim=0) if len(own) else centroids[k])
        self.assertAlmostEqual(objective.item(), squared.amin(dim=1).sum().item(), places=3)

    def test_kmeans_finds_clusters_that_there_are(self):
        centres = 10 * torch.eye(4)
        points = (centres[:, None] + 0.1 * torch.randn(4, 30, 4)).flatten(0, 1)
        found = kmeans(points, 4, iterations=10, redo=8, seed=1)
        self.assertLess(torch.cdist(centres, found).amin(dim=1).max(), 0.2)

    def test_libraries_with_their_threads(self):
        torch.set_num_threads(1)
        [own] = [library for library in libraries() if library["package"] == "torch" and library["architecture"]]
        self.assertEqual(own["threads"], 1)
        self.assertEqual(own["architecture"], torch.backends.cpu.get_cpu_capability())

    def test_batch_norm_of_parts(self):
        x = torch.randn(8, 3, 5, 5)
        split = SplitBatchNorm(3, 4)
        y = split(x)
        for part in range(4):
            own = x[part::4]
            same(y[part::4], F.batch_norm(own, None, None, training=True))
        mean = torch.stack([x[part::4].mean(dim=(0, 2, 3)) for part in range(4)]).mean(dim=0)
        same(split.running_mean, 0.1 * mean)


unittest.main()
