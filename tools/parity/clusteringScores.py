"""Writes packages/evaluators/test/fixtures/clusteringScores.json: scikit-learn's scores of clusterings, and the best
matching of clusters to classes by scipy, for inputs that the test repeats.

    pip install scikit-learn scipy numpy
    python3 tools/parity/clusteringScores.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.optimize import linear_sum_assignment
from sklearn import metrics

FIXTURE = Path(__file__).resolve().parents[2] / "packages/evaluators/test/fixtures/clusteringScores.json"

# A sample's cluster and class as functions of its index; the test has the same under the same names.
DIVISIONS = {
    "overlapping": (600, lambda i: (i * 7) % 13, lambda i: (i * i) % 10),
    "more clusters than classes": (900, lambda i: (i * i + 3 * i) % 101, lambda i: i % 7),
    "fewer clusters than classes": (900, lambda i: (i * i) % 5, lambda i: (i * 3) % 41),
    "nested": (600, lambda i: i // 20, lambda i: i // 100),
    "identical up to names": (600, lambda i: (i % 5 + 3) % 5, lambda i: i % 5),
    "independent": (600, lambda i: i % 6, lambda i: (i // 6) % 10),
    "one cluster": (600, lambda i: i * 0, lambda i: i % 4),
    "one sample": (1, lambda i: i, lambda i: i),
    "everything apart": (300, lambda i: i, lambda i: i % 7),
    "a thousand of each": (20000, lambda i: (i * i + i // 7) % 1000, lambda i: (i * i + i // 11) % 997),
}


def scores(n, cluster, label):
    index = np.arange(n)
    assignments, labels = cluster(index), label(index)
    table = metrics.cluster.contingency_matrix(labels, assignments)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return {
        "adjustedMutualInformation": float(metrics.adjusted_mutual_info_score(labels, assignments)),
        "normalizedMutualInformation": float(metrics.normalized_mutual_info_score(labels, assignments)),
        "adjustedRandIndex": float(metrics.adjusted_rand_score(labels, assignments)),
        "purity": float(table.max(axis=0).sum() / n),
        "hungarianAccuracy": float(table[rows, columns].sum() / n),
    }


def main():
    fixture = {
        "scikit-learn": sklearn.__version__,
        "scipy": scipy.__version__,
        "scores": {name: scores(*division) for name, division in DIVISIONS.items()},
    }
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    FIXTURE.write_text(json.dumps(fixture, indent=2) + "\n")


if __name__ == "__main__":
    main()
