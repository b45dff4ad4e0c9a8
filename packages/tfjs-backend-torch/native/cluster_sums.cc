// The sum of the points of each of k clusters: the update of k-means, up to a division.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vectorized.h"

namespace protocl {

namespace {

PROTOCL_VECTORIZED void add_point(double* __restrict sum, const float* __restrict point, int64_t dimension) {
  for (int64_t d = 0; d < dimension; ++d) sum[d] += static_cast<double>(point[d]);
}

PROTOCL_VECTORIZED void round_sums(float* __restrict result, const double* __restrict sums, int64_t size) {
  for (int64_t i = 0; i < size; ++i) result[i] = static_cast<float>(sums[i]);
}

// Each thread has clusters of its own and looks through all indices, so a sum always has its terms in the order of the
// points, whatever the number of threads. Points of no cluster are left out.
at::Tensor cluster_sums(const at::Tensor& points_given, const at::Tensor& indices_given, int64_t k) {
  TORCH_CHECK(points_given.dim() == 2 && indices_given.dim() == 1 && points_given.size(0) == indices_given.size(0),
              "points [n,D] and indices [n] must agree in n, got ", points_given.sizes(), " and ",
              indices_given.sizes());
  TORCH_CHECK(points_given.scalar_type() == at::kFloat && indices_given.scalar_type() == at::kInt,
              "points must be float32 and indices int32");
  TORCH_CHECK(k > 0, "there must be at least one cluster");
  const at::Tensor points = points_given.contiguous(), indices = indices_given.contiguous();
  const int64_t n = points.size(0), dimension = points.size(1);
  at::Tensor result = at::empty({k, dimension}, points.options());
  const float* point_data = points.data_ptr<float>();
  const int32_t* index_data = indices.data_ptr<int32_t>();
  float* result_data = result.data_ptr<float>();
  // Waking another thread takes longer than adding up a few points.
  const int64_t threads = n * dimension < at::internal::GRAIN_SIZE ? 1 : at::get_num_threads();
  at::parallel_for(0, k, (k + threads - 1) / threads, [&](int64_t begin, int64_t end) {
    std::vector<double> sums(static_cast<size_t>((end - begin) * dimension));
    for (int64_t i = 0; i < n; ++i) {
      const int64_t cluster = index_data[i];
      if (cluster < begin || cluster >= end) continue;
      add_point(sums.data() + (cluster - begin) * dimension, point_data + i * dimension, dimension);
    }
    round_sums(result_data + begin * dimension, sums.data(), (end - begin) * dimension);
  });
  return result;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def("cluster_sums(Tensor points, Tensor indices, int k) -> Tensor");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CPU, library) { library.impl("cluster_sums", &cluster_sums); }

}  // namespace protocl
