"""The peer's side of the k-means benchmark: faiss, as PCL uses it."""

import os

# It names the processor for the OpenBLAS of old distributions; faiss's own knows better.
os.environ.pop("OPENBLAS_CORETYPE", None)

import faiss  # noqa: E402
import numpy  # noqa: E402
from bench_side import serve  # noqa: E402


class Clustering:
    def __init__(self, parameters):
        faiss.omp_set_num_threads(parameters["threads"])
        self.versions = {"faiss": faiss.__version__}
        shape = parameters["n"], parameters["dimension"]
        self.points = numpy.fromfile(parameters["points"], dtype=numpy.float32).reshape(shape)
        self.k = parameters["k"]
        self.options = {"niter": parameters["iterations"], "nredo": parameters["redo"]}

    def run(self, iterations):
        for _ in range(iterations):
            kmeans = faiss.Kmeans(
                self.points.shape[1],
                self.k,
                seed=1,
                min_points_per_centroid=10,
                max_points_per_centroid=1000,
                **self.options,
            )
            kmeans.train(self.points)
            distances, _ = kmeans.index.search(self.points, 1)
        # Like the other side's: of all points, in float64, to the centroids that came out.
        return {"objective": float(distances.sum(dtype=numpy.float64))}


serve(Clustering)
