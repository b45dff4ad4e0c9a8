"""Makes packages/evaluators/test/fixtures/svm.json: linear support vector machines, stratified folds and
average precision as scikit-learn has them.

    pip install scikit-learn numpy
    python3 tools/parity/svm.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import LinearSVC

CLASSES, DIMENSION, TRAIN, TEST = 4, 7, 150, 100
COSTS = [0.001, 0.01, 0.1, 1.0]


def samples(random, centers, count):
    labels = random.choice(CLASSES, count, p=[0.5, 0.25, 0.15, 0.1])
    features = centers[labels] + random.normal(0, 1.7, (count, DIMENSION))
    return np.round(features, 3), labels


def machine(cost, weight):
    return LinearSVC(
        C=cost, class_weight=weight, intercept_scaling=1.0, dual=False, tol=1e-9, max_iter=10_000
    )


def objective(model, features, targets, cost, weight):
    losses = np.maximum(0, 1 - targets * model.decision_function(features)) ** 2
    if weight == "balanced":
        weight = {sign: len(targets) / 2 / (targets == sign).sum() for sign in (1, -1)}
    weights = np.where(targets == 1, weight[1], weight[-1])
    return float(((model.coef_**2).sum() + model.intercept_[0] ** 2) / 2 + cost * (weights * losses).sum())


random = np.random.default_rng(11)
centers = random.normal(0, 1, (CLASSES, DIMENSION))
train, train_labels = samples(random, centers, TRAIN)
test, test_labels = samples(random, centers, TEST)
# Scores with many ties, and images that do not count.
ranking = np.round(random.normal(0, 1, 60), 1)
ranking_targets = random.choice([1, 0, -1], 60, p=[0.3, 0.2, 0.5])
counted = ranking_targets != 0

fits = []
for cost in (0.01, 1.0, 100.0):
    for weight in ({1: 1, -1: 1}, {1: 2, -1: 1}, "balanced"):
        fit = {
            "cost": cost,
            "weight": weight if weight == "balanced" else {"positive": weight[1], "negative": weight[-1]},
            "objectives": [],
            "scores": [],
            "averagePrecisions": [],
        }
        for c in range(CLASSES):
            targets = np.where(train_labels == c, 1, -1)
            model = machine(cost, weight).fit(train, targets)
            scores = model.decision_function(test)
            fit["objectives"].append(objective(model, train, targets, cost, weight))
            fit["scores"].append(np.round(scores, 6).tolist())
            fit["averagePrecisions"].append(float(average_precision_score(test_labels == c, scores)))
        fits.append(fit)

choices = []
for c in range(CLASSES):
    targets = np.where(train_labels == c, 1, -1)
    means = [
        float(
            cross_val_score(
                machine(cost, {1: 2, -1: 1}), train, targets, cv=3, scoring="average_precision"
            ).mean()
        )
        for cost in COSTS
    ]
    choices.append({"means": means, "cost": COSTS[int(np.argmax(means))]})

folds = np.zeros(TRAIN, int)
for fold, (_, held) in enumerate(StratifiedKFold(3).split(train, train_labels)):
    folds[held] = fold

fixture = {
    "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    "dimension": DIMENSION,
    "classes": CLASSES,
    "train": {"features": train.flatten().tolist(), "labels": train_labels.tolist()},
    "test": {"features": test.flatten().tolist(), "labels": test_labels.tolist()},
    "fits": fits,
    "crossValidation": {"costs": COSTS, "choices": choices},
    "folds": folds.tolist(),
    "ranking": {
        "scores": ranking.tolist(),
        "targets": ranking_targets.tolist(),
        "averagePrecision": float(average_precision_score(ranking_targets[counted] == 1, ranking[counted])),
    },
}
path = Path(__file__).parents[2] / "packages/evaluators/test/fixtures/svm.json"
path.write_text(json.dumps(fixture) + "\n")
print(choices, fixture["ranking"]["averagePrecision"])
