// The nearest of k centroids for each of n points, in blocks, so that the n x k distances never exist at once.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "parallel_products.h"
#include "point_products.h"
#include "vectorized.h"

namespace protocl {

namespace {

// Written out, since compilers do not vectorize a search for the largest of floats that may not be numbers.
typedef float FloatLanes __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t IntLanes __attribute__((vector_size(32)));
constexpr int64_t kSearchLanes = 8;

// Multiplications that are worth a thread: 50 us of them or so.
constexpr int64_t kLeastProducts = 1 << 22;

// The centroids that could be the nearest one of a point.
struct Candidates {
  int64_t first;
  int64_t count;
  float bound;
  float scale;
};

// A score is a product minus half the squared norm: it is largest for the nearest centroid. Scores are rounded, so the
// largest one need not be the nearest, nor the first of equally near ones; candidates are all that come within the
// rounding of it. Half norms are still to be multiplied by `scale`, as products are already. `size` is a multiple of
// kPanel, and half norms behind the last centroid are not numbers.
PROTOCL_VECTORIZED Candidates candidates_of(const float* __restrict product, const float* __restrict half_norm,
                                            int64_t size, float scale, float rounding) {
  constexpr int32_t none = std::numeric_limits<int32_t>::max();
  FloatLanes most = FloatLanes{} - std::numeric_limits<float>::infinity();
  for (int64_t j = 0; j < size; j += kSearchLanes) {
    const FloatLanes score =
        *reinterpret_cast<const FloatLanes*>(product + j) - scale * *reinterpret_cast<const FloatLanes*>(half_norm + j);
    most = score > most ? score : most;
  }
  float best = most[0];
  for (int64_t i = 1; i < kSearchLanes; ++i) best = std::max(best, most[i]);

  const float bound = best - rounding;
  IntLanes at = {0, 1, 2, 3, 4, 5, 6, 7}, first = IntLanes{} + none, count = {};
  for (int64_t j = 0; j < size; j += kSearchLanes) {
    const FloatLanes score =
        *reinterpret_cast<const FloatLanes*>(product + j) - scale * *reinterpret_cast<const FloatLanes*>(half_norm + j);
    const IntLanes hit = score >= bound;
    count -= hit;
    const IntLanes found = hit ? at : IntLanes{} + none;
    first = found < first ? found : first;
    at += static_cast<int32_t>(kSearchLanes);
  }
  Candidates candidates{none, 0, bound, scale};
  for (int64_t i = 0; i < kSearchLanes; ++i) {
    candidates.first = std::min<int64_t>(candidates.first, first[i]);
    candidates.count += count[i];
  }
  return candidates;
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

// Writes the way from the centre to a point, and returns the square of its length.
PROTOCL_VECTORIZED float move_point(const float* __restrict point, const float* __restrict centre, int64_t dimension,
                                    float* __restrict moved) {
  float sums[16] = {};
  int64_t i = 0;
  for (; i + 16 <= dimension; i += 16)
    for (int64_t j = 0; j < 16; ++j) {
      const float difference = point[i + j] - centre[i + j];
      moved[i + j] = difference;
      sums[j] += difference * difference;
    }
  float total = 0;
  for (const float sum : sums) total += sum;
  for (; i < dimension; ++i) {
    moved[i] = point[i] - centre[i];
    total += moved[i] * moved[i];
  }
  return total;
}

struct Nearest {
  int64_t index;
  float squared_distance;
};

// Compares the candidates by their distances; mostly there is only one.
Nearest nearest_of(const float* point, const float* centroids, int64_t dimension, const float* product,
                   const float* half_norm, const Candidates& candidates) {
  // A point that is not a number has no nearest centroid; its distance says so.
  if (candidates.count == 0) return {0, squared_distance(point, centroids, dimension)};
  int64_t j = candidates.first;
  Nearest nearest{j, squared_distance(point, centroids + j * dimension, dimension)};
  for (int64_t remaining = candidates.count - 1; remaining > 0; --remaining) {
    do ++j;
    while (!(product[j] - candidates.scale * half_norm[j] >= candidates.bound));
    const float distance = squared_distance(point, centroids + j * dimension, dimension);
    if (distance < nearest.squared_distance) nearest = {j, distance};
  }
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
  const at::Tensor norms = centred.square().sum(1);
  const float farthest = std::sqrt(norms.max().item<float>());
  const PointProducts products_with(centred, farthest);
  const int64_t stride = products_with.stride();
  const float scale = products_with.scale(), uncertainty = products_with.uncertainty();
  at::Tensor half_norms = at::full({stride}, std::numeric_limits<float>::quiet_NaN(), points.options());
  half_norms.narrow(0, 0, k).copy_(norms * (0.5 * scale));
  const float *point_data = points.data_ptr<float>(), *centroid_data = centroids.data_ptr<float>(),
              *centre_data = centre.data_ptr<float>(), *norm_data = half_norms.data_ptr<float>();
  // What a product of D terms and a difference can be off by, for factors of length one.
  const float rounding = static_cast<float>(dimension + 16) * std::numeric_limits<float>::epsilon();
  int32_t* index_data = indices.data_ptr<int32_t>();
  float* distance_data = distances.data_ptr<float>();

  const int64_t block_rows = PointProducts::block_rows();
  // Waking another thread takes longer than a few products.
  const int64_t grain = std::max(block_rows, kLeastProducts / (k * dimension));
  parallel_products(0, n, grain, [&](int64_t begin, int64_t end) {
    const at::Tensor moved = at::zeros({block_rows, dimension}, points.options());
    at::Tensor workspace = products_with.workspace(), products = at::empty({block_rows, stride}, points.options());
    std::vector<float> lengths(static_cast<size_t>(block_rows)), scales(static_cast<size_t>(block_rows));
    for (int64_t start = begin; start < end; start += block_rows) {
      const int64_t rows = std::min(block_rows, end - start);
      for (int64_t r = 0; r < rows; ++r) {
        lengths[r] = std::sqrt(move_point(point_data + (start + r) * dimension, centre_data, dimension,
                                          moved.data_ptr<float>() + r * dimension));
        scales[r] = products_with.point_scale(lengths[r]);
      }
      products_with.multiply(moved, scales.data(), rows, workspace, products);
      for (int64_t r = 0; r < rows; ++r) {
        const float* product = products.data_ptr<float>() + r * stride;
        const float reach = lengths[r] + farthest;
        const Candidates candidates = candidates_of(product, norm_data, stride, scales[r],
                                                    rounding * (reach * scales[r]) * (reach * scale) + uncertainty);
        const Nearest nearest = nearest_of(point_data + (start + r) * dimension, centroid_data, dimension, product,
                                           norm_data, candidates);
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
