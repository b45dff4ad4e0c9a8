"""The peer's side of the evaluators' benchmark: scikit-learn; for kNN also faiss and PyTorch."""

import importlib
from pathlib import Path

import numpy
import sklearn
from bench_side import limit_threads, serve
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

# What is given is known to be finite, and the parameters to be right: neither has to be looked at again.
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)


class Evaluation:
    def __init__(self, parameters):
        self.threads = parameters["threads"]
        self.versions = {"scikit-learn": sklearn.__version__}
        self.settings = parameters
        self.way = parameters.get("way")
        self.check = parameters.get("check", False)
        folder, n, held_out = Path(parameters["folder"]), parameters["n"], parameters["heldOut"]
        labels = numpy.fromfile(folder / "labels.bin", dtype=numpy.int32)
        features = numpy.fromfile(folder / "features.bin", dtype=numpy.float32)
        features = features.reshape(len(labels), parameters["dimension"])
        if parameters["evaluator"] == "svm":
            # What liblinear computes with; it would convert them each time.
            features = features.astype(numpy.float64)
        self.train, self.train_labels = features[:n].copy(), labels[:n]
        self.test, self.test_labels = features[-held_out:].copy(), labels[-held_out:]
        self.clusters = numpy.fromfile(folder / "clusters.bin", dtype=numpy.int32)[:n]
        self.evaluate = getattr(self, parameters["evaluator"])
        if parameters["evaluator"] == "knn" and self.way in ("faiss", "torch"):
            self.evaluate = {"faiss": self.knn_faiss, "torch": self.knn_torch}[self.way]
            self.module = module_of(self.way)
        # Of OpenMP and of each BLAS that is loaded by now.
        limit_threads(self.threads)

    def run(self, iterations):
        for _ in range(iterations):
            scores = self.evaluate()
        return {"scores": [float(score) for score in scores]}

    def ami(self):
        return [adjusted_mutual_info_score(self.train_labels, self.clusters)]

    def knn(self):
        """Features have length 1, so that both metrics have the same neighbours."""
        temperature = self.settings["temperature"]
        # The cosine distance is one less the similarity, and half the squared Euclidean distance.
        weights = {
            "cosine": lambda distances: numpy.exp(-distances / temperature),
            "euclidean": lambda distances: numpy.exp(-(distances**2) / (2 * temperature)),
        }[self.way]
        model = KNeighborsClassifier(
            self.settings["neighbours"],
            metric=self.way,
            algorithm="brute",
            weights=weights,
            n_jobs=self.threads,
        )
        return [model.fit(self.train, self.train_labels).score(self.test, self.test_labels)]

    def knn_faiss(self):
        """A flat index, and the votes in numpy."""
        faiss = self.module
        faiss.omp_set_num_threads(self.threads)
        index = faiss.IndexFlatIP(self.train.shape[1])
        index.add(self.train)
        similarities, neighbours = index.search(self.test, self.settings["neighbours"])
        weights = numpy.exp((similarities - 1) / self.settings["temperature"])
        classes = self.settings["classes"]
        columns = self.train_labels[neighbours] + classes * numpy.arange(len(self.test))[:, None]
        votes = numpy.bincount(columns.ravel(), weights.ravel(), classes * len(self.test))
        return [(votes.reshape(-1, classes).argmax(axis=1) == self.test_labels).mean()]

    def knn_torch(self):
        """As those do who watch their encoder in training: one product, and the largest of each row."""
        torch = self.module
        torch.set_num_threads(self.threads)
        train, test = torch.from_numpy(self.train), torch.from_numpy(self.test)
        labels = torch.from_numpy(self.train_labels).long()
        with torch.no_grad():
            similarities, neighbours = (test @ train.T).topk(self.settings["neighbours"], dim=1, sorted=False)
            weights = ((similarities - 1) / self.settings["temperature"]).exp()
            votes = torch.zeros(len(test), self.settings["classes"])
            votes.scatter_add_(1, labels[neighbours], weights)
        return [(votes.argmax(dim=1).numpy() == self.test_labels).mean()]

    def logistic(self):
        l2, n = self.settings["l2"], len(self.train)
        scaler = StandardScaler().fit(self.train)
        x = scaler.transform(self.train)
        model = LogisticRegression(C=1 / (n * l2), tol=1e-5, max_iter=100, solver=self.way)
        model.fit(x, self.train_labels)
        accuracy = model.score(scaler.transform(self.test), self.test_labels)
        if not self.check:
            return [accuracy]
        losses = -model.predict_log_proba(x)[numpy.arange(n), self.train_labels]
        return [accuracy, losses.mean(dtype=numpy.float64) + l2 / 2 * (model.coef_.astype(float) ** 2).sum()]

    def svm(self):
        cost = self.settings["cost"]
        model = LinearSVC(C=cost, dual=self.way == "dual")
        if self.way == "classes at once":
            model = OneVsRestClassifier(model, n_jobs=self.threads)
        # liblinear leaves Python alone, so that threads can share the features.
        with parallel_config("threading"):
            model.fit(self.train, self.train_labels)
        accuracy = model.score(self.test, self.test_labels)
        if not self.check:
            return [accuracy]
        signs = numpy.where(self.train_labels[:, None] == model.classes_, 1.0, -1.0)
        margins = 1 - signs * model.decision_function(self.train)
        norms = (model.coef_**2).sum() + (model.intercept_**2).sum()
        return [accuracy, norms / 2 + cost * (numpy.maximum(margins, 0) ** 2).sum()]

    def tsne(self):
        model = TSNE(perplexity=self.settings["perplexity"], random_state=1, n_jobs=self.threads)
        embedding = model.fit_transform(self.train)
        if not self.check:
            return [model.kl_divergence_]
        return [model.kl_divergence_, trustworthiness(self.train, embedding)]


def module_of(way):
    try:
        return importlib.import_module(way)
    except ImportError as error:
        raise NotImplementedError(f"there is no {way}: {error}") from error


serve(Evaluation)
