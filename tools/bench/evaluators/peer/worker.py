"""The peer's side of the evaluators' benchmark: scikit-learn."""

import os
from pathlib import Path

# It names the processor for the OpenBLAS of old distributions; the one here knows better.
os.environ.pop("OPENBLAS_CORETYPE", None)

import numpy  # noqa: E402
import sklearn  # noqa: E402
from bench_side import serve  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.manifold import TSNE, trustworthiness  # noqa: E402
from sklearn.metrics import adjusted_mutual_info_score  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import LinearSVC  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402


class Evaluation:
    def __init__(self, parameters):
        # Of OpenMP and of the BLAS, for as long as the process lives.
        self.limits = threadpool_limits(parameters["threads"])
        self.versions = {"scikit-learn": sklearn.__version__}
        self.settings = parameters
        self.check = parameters.get("check", False)
        folder, n, held_out = Path(parameters["folder"]), parameters["n"], parameters["heldOut"]
        labels = numpy.fromfile(folder / "labels.bin", dtype=numpy.int32)
        features = numpy.fromfile(folder / "features.bin", dtype=numpy.float32)
        features = features.reshape(len(labels), parameters["dimension"])
        self.train, self.train_labels = features[:n].copy(), labels[:n]
        self.test, self.test_labels = features[-held_out:].copy(), labels[-held_out:]
        self.clusters = numpy.fromfile(folder / "clusters.bin", dtype=numpy.int32)[:n]
        self.evaluate = getattr(self, parameters["evaluator"])

    def run(self, iterations):
        for _ in range(iterations):
            scores = self.evaluate()
        return {"scores": [float(score) for score in scores]}

    def ami(self):
        return [adjusted_mutual_info_score(self.train_labels, self.clusters)]

    def knn(self):
        temperature = self.settings["temperature"]
        model = KNeighborsClassifier(
            self.settings["neighbours"],
            metric="cosine",
            algorithm="brute",
            # The distance is one less the similarity.
            weights=lambda distances: numpy.exp(-distances / temperature),
        )
        return [model.fit(self.train, self.train_labels).score(self.test, self.test_labels)]

    def logistic(self):
        l2, n = self.settings["l2"], len(self.train)
        scaler = StandardScaler().fit(self.train)
        x = scaler.transform(self.train)
        model = LogisticRegression(C=1 / (n * l2), tol=1e-5, max_iter=100).fit(x, self.train_labels)
        accuracy = model.score(scaler.transform(self.test), self.test_labels)
        if not self.check:
            return [accuracy]
        losses = -model.predict_log_proba(x)[numpy.arange(n), self.train_labels]
        return [accuracy, losses.mean(dtype=numpy.float64) + l2 / 2 * (model.coef_.astype(float) ** 2).sum()]

    def svm(self):
        cost = self.settings["cost"]
        model = LinearSVC(C=cost).fit(self.train, self.train_labels)
        accuracy = model.score(self.test, self.test_labels)
        if not self.check:
            return [accuracy]
        signs = numpy.where(self.train_labels[:, None] == model.classes_, 1.0, -1.0)
        margins = 1 - signs * model.decision_function(self.train)
        norms = (model.coef_**2).sum() + (model.intercept_**2).sum()
        return [accuracy, norms / 2 + cost * (numpy.maximum(margins, 0) ** 2).sum()]

    def tsne(self):
        model = TSNE(perplexity=self.settings["perplexity"], random_state=1)
        embedding = model.fit_transform(self.train)
        if not self.check:
            return [model.kl_divergence_]
        return [model.kl_divergence_, trustworthiness(self.train, embedding)]


serve(Evaluation)
