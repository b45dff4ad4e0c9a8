"""Writes packages/clustering/test/fixtures/clusterScores.json: scikit-learn's scores of clusterings, its principal
components, and concentrations as numpy computes them, for inputs that the test repeats.

    pip install scikit-learn numpy
    python3 tools/parity/clusterScores.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from kmeans import uniform
from sklearn import metrics
from sklearn.decomposition import PCA

FIXTURE = Path(__file__).resolve().parents[2] / "packages/clustering/test/fixtures/clusterScores.json"


def divisions():
    """Pairs of assignments and labels."""
    index = np.arange(600)
    yield "overlapping", (index * 7) % 13, (index * index) % 10
    yield "nested", index // 20, index // 100
    yield "identical up to names", (index % 5 + 3) % 5, index % 5
    yield "independent", index % 6, (index // 6) % 10
    yield "one cluster", index * 0, index % 4
    yield "one of each", index * 0, index * 0
    yield "everything apart", index, index
    yield "apart against classes", index, index % 7
    yield "uneven", np.floor(np.sqrt(index)).astype(int), np.floor(np.sqrt(index * 2)).astype(int) // 3
    yield "two samples", np.array([0, 1]), np.array([4, 4])


def scores(assignments, labels):
    table = metrics.cluster.contingency_matrix(labels, assignments)
    return {
        "assignments": assignments.tolist(),
        "labels": labels.tolist(),
        "purity": float(table.max(axis=0).sum() / table.sum()),
        "normalizedMutualInformation": float(metrics.normalized_mutual_info_score(labels, assignments)),
        "adjustedMutualInformation": float(metrics.adjusted_mutual_info_score(labels, assignments)),
        "adjustedRandIndex": float(metrics.adjusted_rand_score(labels, assignments)),
    }


def components(n, size, dimensions):
    scale = 1 + np.arange(size) % 7
    x = (uniform(n * size, 5).reshape(n, size) * scale + 3).astype(np.float32)
    analysis = PCA(dimensions, whiten=True, svd_solver="full").fit(x.astype(np.float64))
    return {
        "n": n,
        "size": size,
        "dimensions": dimensions,
        "mean": analysis.mean_.tolist(),
        "components": analysis.components_.tolist(),
        "variances": analysis.explained_variance_.tolist(),
        "whitened": analysis.transform(x[:5].astype(np.float64)).tolist(),
    }


def concentrations(n, k, alpha, temperature, clip):
    """The paper's estimate. Some clusters are empty, have one point or points on their centroid."""
    assignments = (np.arange(n) ** 2) % k
    assignments[-1] = 2
    distances = ((uniform(n, 9) + 1) / 2).astype(np.float32)
    distances[assignments == 4] = 0
    spread = np.zeros(k)
    for cluster in range(k):
        own = distances[assignments == cluster].astype(np.float64)
        if len(own) > 1:
            spread[cluster] = own.sum() / (len(own) * np.log(len(own) + alpha))
    spread[spread == 0] = spread.max()
    spread = spread.clip(np.percentile(spread, clip[0]), np.percentile(spread, clip[1]))
    return {
        "n": n,
        "k": k,
        "alpha": alpha,
        "temperature": temperature,
        "clip": clip,
        "concentration": (temperature * spread / spread.mean()).tolist(),
    }


def main():
    fixture = {
        "scikit-learn": sklearn.__version__,
        "scores": {name: scores(a, b) for name, a, b in divisions()},
        "principalComponents": components(60, 9, 4),
        "concentrations": [
            concentrations(500, 23, 10, 0.2, [10, 90]),
            concentrations(200, 40, 1, 0.1, [25, 60]),
            concentrations(50, 5, 10, 0.5, [0, 100]),
        ],
    }
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    FIXTURE.write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
