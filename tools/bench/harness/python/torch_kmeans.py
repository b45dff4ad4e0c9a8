"""k-means with faiss's settings in plain PyTorch, on whatever device the points are: faiss may not be there."""

import torch

# Scores that exist at once: 256 MiB of them.
MOST_SCORES = 2**26
MOST_POINTS_PER_CENTROID = 1000


def kmeans(points, k, iterations, redo, seed):
    """Centroids [k, D] of the best of several runs; nothing but the choice of it makes the host wait."""
    generator = torch.Generator(points.device).manual_seed(seed)
    if len(points) > k * MOST_POINTS_PER_CENTROID:
        points = points[draw(len(points), k * MOST_POINTS_PER_CENTROID, generator)]
    runs = [run(points, points[draw(len(points), k, generator)], iterations) for _ in range(redo)]
    return min(runs, key=lambda result: result[1].item())[0]


def run(points, centroids, iterations):
    for _ in range(iterations):
        squared, assignments = nearest(points, centroids)
        sums = torch.zeros_like(centroids).index_add_(0, assignments, points)
        sizes = count(assignments, len(centroids)).unsqueeze(1)
        # A cluster without points stays where it is.
        centroids = torch.where(sizes > 0, sums / sizes.clamp(min=1), centroids)
    return centroids, squared.sum(dtype=torch.float64)


def count(assignments, k):
    """Points of each cluster, as float32. `bincount` would make the host wait."""
    sizes = torch.zeros(k, device=assignments.device)
    return sizes.index_add_(0, assignments, torch.ones_like(assignments, dtype=torch.float32))


def nearest(points, centroids):
    """Squared distance to, and index of, the nearest centroid of each point."""
    norms = centroids.square().sum(dim=1)
    blocks = points.split(max(1, MOST_SCORES // len(centroids)))
    found = [torch.addmm(norms, block, centroids.T, alpha=-2).min(dim=1) for block in blocks]
    scores, indices = (torch.cat(parts) for parts in zip(*found))
    return (scores + points.square().sum(dim=1)).clamp_(min=0), indices


def draw(count, wanted, generator):
    return torch.randperm(count, generator=generator, device=generator.device)[:wanted]
