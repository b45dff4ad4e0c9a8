"""The peer's side of the k-means benchmark: faiss, as PCL uses it."""

import faiss
import numpy
from bench_side import limit_threads, serve


class Clustering:
    def __init__(self, parameters):
        faiss.omp_set_num_threads(parameters["threads"])
        limit_threads(parameters["threads"])
        blocks = parameters.get("blocks")
        if blocks is not None:
            faiss.cvar.distance_compute_blas_query_bs, faiss.cvar.distance_compute_blas_database_bs = blocks
        self.versions = {"faiss": faiss.__version__}
        shape = parameters["n"], parameters["dimension"]
        self.points = numpy.fromfile(parameters["points"], dtype=numpy.float32).reshape(shape)
        self.k = parameters["k"]
        self.seed = parameters.get("seed", 1)
        self.options = {"niter": parameters["iterations"], "nredo": parameters["redo"]}

    def run(self, iterations):
        for _ in range(iterations):
            kmeans = faiss.Kmeans(
                self.points.shape[1],
                self.k,
                seed=self.seed,
                min_points_per_centroid=10,
                max_points_per_centroid=1000,
                **self.options,
            )
            kmeans.train(self.points)
            distances, _ = kmeans.index.search(self.points, 1)
        # Like the other side's: of all points, in float64, to the centroids that came out.
        return {"objective": float(distances.sum(dtype=numpy.float64))}


serve(Clustering)
