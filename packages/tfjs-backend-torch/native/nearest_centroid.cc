// The nearest of k centroids for each of n points, in blocks, so that the n x k distances never exist at once.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <tuple>
#include <cmath>
#include <limits>

#include "parallel_products.h"
#include "vectorized.h"

namespace protocl {

namespace {

constexpr int64_t kBlockRows = 256;

// Largest score minus half the squared norm: the nearest centroid, up to a term that is the same for all.
PROTOCL_VECTORIZED float largest(const float* __restrict score, const float* __restrict half_norm, int64_t count) {
  float best = -std::numeric_limits<float>::infinity();
  for (int64_t j = 0; j < count; ++j) {
    const float value = score[j] - half_norm[j];
    best = value > best ? value : best;
  }
  return best;
}

PROTOCL_VECTORIZED int32_t count_at_least(const float* __restrict score, const float* __restrict half_norm,
                                          int64_t count, float bound) {
  int32_t total = 0;
  for (int64_t j = 0; j < count; ++j) total += score[j] - half_norm[j] >= bound ? 1 : 0;
  return total;
}

int64_t next_at_least(const float* score, const float* half_norm, int64_t start, int64_t count, float bound) {
  int64_t j = start;
  while (j < count && !(score[j] - half_norm[j] >= bound)) ++j;
  return j;
}

PROTOCL_VECTORIZED float squared_distance(const float* __restrict a, const float* __restrict b, int64_t size) {
  float sums[16] = {};
  int64_t i = 0;
  for (; i + 16 <= size; i += 16)
    for (int64_t j = 0; j < 16; ++j) {
      const float difference = a[i + j] - b[i + j];
      sums[j] += difference * difference;
    }
  float total = 0;
  for (const float sum : sums) total += sum;
  for (; i < size; ++i) total += (a[i] - b[i]) * (a[i] - b[i]);
  return total;
}

float squared_norm(const float* values, int64_t size) {
  float total = 0;
  for (int64_t i = 0; i < size; ++i) total += values[i] * values[i];
  return total;
}

PROTOCL_VECTORIZED void subtract(const float* __restrict points, const float* __restrict centre, int64_t rows,
                                 int64_t dimension, float* __restrict result) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t d = 0; d < dimension; ++d) result[r * dimension + d] = points[r * dimension + d] - centre[d];
}

struct Nearest {
  int64_t index;
  float squared_distance;
};

// Scores are rounded, so the highest one need not be the nearest centroid, nor the first of equally near ones. All that
// come within the rounding of it are compared by their distances; mostly it is alone.
Nearest nearest_of(const float* point, const float* centroids, int64_t dimension, const float* score,
                   const float* half_norm, int64_t count, float rounding) {
  const float bound = largest(score, half_norm, count) - rounding;
  const int32_t candidates = count_at_least(score, half_norm, count, bound);
  Nearest nearest{0, std::numeric_limits<float>::infinity()};
  int64_t j = -1;
  for (int32_t i = 0; i < candidates; ++i) {
    j = next_at_least(score, half_norm, j + 1, count, bound);
    const float distance = squared_distance(point, centroids + j * dimension, dimension);
    if (i == 0 || distance < nearest.squared_distance) nearest = {j, distance};
  }
  // A point that is not a number has no nearest centroid; its distance says so.
  if (candidates == 0) nearest.squared_distance = squared_distance(point, centroids, dimension);
  return nearest;
}

std::tuple<at::Tensor, at::Tensor> nearest_centroid(const at::Tensor& points_given,
                                                    const at::Tensor& centroids_given) {
  TORCH_CHECK(points_given.dim() == 2 && centroids_given.dim() == 2 && points_given.size(1) == centroids_given.size(1),
              "points [n,D] and centroids [k,D] must agree in D, got ", points_given.sizes(), " and ",
              centroids_given.sizes());
  TORCH_CHECK(points_given.scalar_type() == at::kFloat && centroids_given.scalar_type() == at::kFloat,
              "points and centroids must be float32");
  const at::Tensor points = points_given.contiguous(), centroids = centroids_given.contiguous();
  const int64_t n = points.size(0), k = centroids.size(0), dimension = points.size(1);
  TORCH_CHECK(k > 0, "there must be at least one centroid");
  at::Tensor indices = at::empty({n}, points.options().dtype(at::kInt)), distances = at::empty({n}, points.options());

  // Distances do not change when everything moves; around the centroids' mean the expansion
  // |x-c|² = |x|² - 2xc + |c|² loses least to cancellation.
  const at::Tensor centre = centroids.mean(0);
  const at::Tensor centred = (centroids - centre).contiguous();
  const at::Tensor half_norms = centred.square().sum(1).mul_(0.5).contiguous();
  const at::Tensor transposed = centred.t();
  const float *point_data = points.data_ptr<float>(), *centroid_data = centroids.data_ptr<float>(),
              *centre_data = centre.data_ptr<float>(), *norm_data = half_norms.data_ptr<float>();
  const float farthest = std::sqrt(2 * half_norms.max().item<float>());
  // What a product of D terms and a difference can be off by, for factors of length one.
  const float rounding = static_cast<float>(dimension + 16) * std::numeric_limits<float>::epsilon();
  int32_t* index_data = indices.data_ptr<int32_t>();
  float* distance_data = distances.data_ptr<float>();

  parallel_products(0, n, kBlockRows, [&](int64_t begin, int64_t end) {
    const at::Tensor moved = at::empty({kBlockRows, dimension}, points.options());
    const at::Tensor scores = at::empty({kBlockRows, k}, points.options());
    for (int64_t start = begin; start < end; start += kBlockRows) {
      const int64_t rows = std::min(kBlockRows, end - start);
      subtract(point_data + start * dimension, centre_data, rows, dimension, moved.data_ptr<float>());
      at::Tensor some_scores = scores.narrow(0, 0, rows);
      at::mm_out(some_scores, moved.narrow(0, 0, rows), transposed);
      for (int64_t r = 0; r < rows; ++r) {
        const float reach = std::sqrt(squared_norm(moved.data_ptr<float>() + r * dimension, dimension)) + farthest;
        const Nearest nearest = nearest_of(point_data + (start + r) * dimension, centroid_data, dimension,
                                           scores.data_ptr<float>() + r * k, norm_data, k, rounding * reach * reach);
        index_data[start + r] = static_cast<int32_t>(nearest.index);
        distance_data[start + r] = nearest.squared_distance;
      }
    }
  });
  return {indices, distances};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def("nearest_centroid(Tensor points, Tensor centroids) -> (Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CPU, library) { library.impl("nearest_centroid", &nearest_centroid); }

}  // namespace protocl
