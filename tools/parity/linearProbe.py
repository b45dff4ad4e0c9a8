"""Makes packages/evaluators/test/fixtures/linearProbe.json: logistic regression as scikit-learn fits it.

    pip install scikit-learn numpy
    python3 tools/parity/linearProbe.py
"""

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

CLASSES, DIMENSION, TRAIN, TEST = 4, 6, 160, 120


def features(random, centers, count):
    labels = random.integers(0, CLASSES, count)
    values = centers[labels] + random.normal(0, 1.6, (count, DIMENSION))
    # Features of very different scales and offsets, as those of a network are.
    values = values * np.array([1, 10, 0.1, 3, 1, 100]) + np.array([0, 50, -1, 2, 0, 1000])
    values[:, 4] = 2.5
    return np.round(values, 3).astype(np.float32), labels


random = np.random.default_rng(5)
centers = random.normal(0, 1, (CLASSES, DIMENSION))
train, train_labels = features(random, centers, TRAIN)
test, test_labels = features(random, centers, TEST)
scaler = StandardScaler().fit(train.astype(np.float64))
x, held_out = scaler.transform(train.astype(np.float64)), scaler.transform(test.astype(np.float64))

fits = []
for l2 in (1e-3, 1e-1):
    model = LogisticRegression(C=1 / (TRAIN * l2), tol=1e-10, max_iter=10_000).fit(x, train_labels)
    log_probabilities = model.predict_log_proba(x)[np.arange(TRAIN), train_labels]
    loss = -log_probabilities.mean() + l2 / 2 * (model.coef_**2).sum()
    fits.append(
        {
            "l2": l2,
            "loss": float(loss),
            "accuracy": float(model.score(held_out, test_labels)),
            "trainAccuracy": float(model.score(x, train_labels)),
        }
    )

fixture = {
    "dimension": DIMENSION,
    "train": {"features": train.flatten().tolist(), "labels": train_labels.tolist()},
    "test": {"features": test.flatten().tolist(), "labels": test_labels.tolist()},
    "fits": fits,
}


def compact(value):
    return round(value, 3) if isinstance(value, float) else value


for part in ("train", "test"):
    fixture[part]["features"] = [compact(value) for value in fixture[part]["features"]]
target = Path(__file__).parents[2] / "packages/evaluators/test/fixtures/linearProbe.json"
target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps(fixture) + "\n")
print(fits)
