"""Writes packages/evaluators/test/fixtures/tsne.json: the divergence and trustworthiness that scikit-learn's exact t-SNE
reaches, and the trustworthiness of an embedding without t-SNE, for points that the test makes too.

t-SNE ends in one of many nearby minima: points moved by a millionth of their deviation may end elsewhere. So several
such runs are stored; their spread is what a comparison can hope for. Groups that overlap have a spread of percents,
separate ones like these of less than a thousandth.

    pip install scikit-learn numpy
    python3 tools/parity/tsne.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.manifold import TSNE, trustworthiness

FIXTURE = Path(__file__).resolve().parents[2] / "packages/evaluators/test/fixtures/tsne.json"
N, DIMENSION, GROUPS, NOISE = 500, 16, 10, 0.75
RUNS = 5


def uniform(count, seed):
    """As in kmeans.py, which would import faiss."""
    state, values = seed, np.empty(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = state / 2**31 - 1
    return values


def points():
    """Separate groups, with less and less variance from dimension to dimension."""
    centers = uniform(GROUPS * DIMENSION, 1).reshape(GROUPS, DIMENSION)
    noise = uniform(N * DIMENSION, 2).reshape(N, DIMENSION)
    scale = 1 / (1 + np.arange(DIMENSION) / 4)
    return (centers[np.arange(N) % GROUPS] + NOISE * noise * scale).astype(np.float32)


def run(x, seed):
    moved = x + 1e-6 * np.random.default_rng(seed).normal(size=x.shape).astype(np.float32) if seed else x
    model = TSNE(method="exact", random_state=seed)
    embedding = model.fit_transform(moved)
    return {
        "divergence": float(model.kl_divergence_),
        "trustworthiness": float(trustworthiness(x, embedding, n_neighbors=12)),
    }


def main():
    x = points()
    fixture = {
        "scikit-learn": sklearn.__version__,
        "n": N,
        "dimension": DIMENSION,
        "groups": GROUPS,
        "noise": NOISE,
        "perplexity": 30,
        "neighbours": 12,
        "runs": [run(x, seed) for seed in range(RUNS)],
        "firstTwoDimensions": {
            str(k): float(trustworthiness(x, x[:, :2], n_neighbors=k)) for k in (1, 5, 12, 100)
        },
    }
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    FIXTURE.write_text(json.dumps(fixture, indent=2) + "\n")


if __name__ == "__main__":
    main()
