"""Writes packages/clustering/test/fixtures/kmeans.json: what faiss's k-means reaches on points given by a formula.

The test repeats the formula, so the file holds only results.

    pip install faiss-cpu numpy
    python3 tools/parity/kmeans.py
"""

import json
from pathlib import Path

import faiss
import numpy as np

FIXTURE = Path(__file__).resolve().parents[2] / "packages/clustering/test/fixtures/kmeans.json"

CASES = [
    {"n": 3000, "dimension": 16, "groups": 400, "noise": 0.5, "k": 20},
    {"n": 3000, "dimension": 16, "groups": 400, "noise": 0.5, "k": 60},
    {"n": 4000, "dimension": 32, "groups": 1, "noise": 1.0, "k": 100},
]


def uniform(count, state):
    """`count` values in -1 .. 1 from the linear congruential generator of Numerical Recipes."""
    values = np.empty(count, dtype=np.float64)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = state / 2**31 - 1
    return values


def points(case):
    """Normalised points around the centres of groups."""
    n, dimension, groups = case["n"], case["dimension"], case["groups"]
    centres = uniform(groups * dimension, 1).reshape(groups, dimension)
    noise = uniform(n * dimension, 2).reshape(n, dimension)
    x = centres[np.arange(n) % groups] + case["noise"] * noise
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def train(x, k, initial=None, **options):
    clustering = faiss.Kmeans(
        x.shape[1], k, niter=20, min_points_per_centroid=10, max_points_per_centroid=1000, **options
    )
    clustering.train(x, init_centroids=initial)
    nearest = np.linalg.norm(x[:, None, :] - clustering.centroids[None], axis=2).min(axis=1)
    return float((nearest.astype(np.float64) ** 2).sum())


def main():
    results = []
    for case in CASES:
        x, k = points(case), case["k"]
        results.append(
            {
                **case,
                # From the first k points both must take the same way.
                "fromFirstPoints": train(x, k, initial=x[:k].copy(), nredo=1),
                "bestOfFive": [train(x, k, nredo=5, seed=seed) for seed in range(1, 11)],
            }
        )
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    FIXTURE.write_text(json.dumps({"faiss": faiss.__version__, "cases": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
