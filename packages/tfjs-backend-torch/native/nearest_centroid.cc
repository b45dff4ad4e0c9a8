// The nearest of k centroids for each of n points, in blocks, so that the n x k distances never exist at once.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "centroid_search.h"
#include "parallel_products.h"
#include "point_distances.h"

namespace protocl {

namespace {

// Multiplications that are worth a thread: 50 us of them or so.
constexpr int64_t kLeastProducts = 1 << 22;

// Centroids, and the way to them from their mean: distances do not change when everything moves, and around the mean the
// expansion |x-c|² = |x|² - 2xc + |c|² loses least to cancellation.
struct Centroids {
  explicit Centroids(const at::Tensor& given)
      : values(given.contiguous()), centre(values.mean(0)), centred((values - centre).contiguous()),
        norms(centred.square().sum(1)) {}

  int64_t count() const { return values.size(0); }
  int64_t dimension() const { return values.size(1); }

  at::Tensor values, centre, centred, norms;
};

void require_fitting(const at::Tensor& points, const at::Tensor& centroids) {
  TORCH_CHECK(points.dim() == 2 && centroids.dim() == 2 && points.size(1) == centroids.size(1),
              "points [n,D] and centroids [k,D] must agree in D, got ", points.sizes(), " and ", centroids.sizes());
  TORCH_CHECK(points.scalar_type() == at::kFloat && centroids.scalar_type() == at::kFloat,
              "points and centroids must be float32");
  TORCH_CHECK(centroids.size(0) > 0, "there must be at least one centroid");
}

int64_t grain_of(const Centroids& centroids, int64_t block_rows) {
  // Waking another thread takes longer than a few products.
  return std::max(block_rows, kLeastProducts / (centroids.count() * centroids.dimension()));
}

struct Found {
  explicit Found(const at::Tensor& points)
      : indices(at::empty({points.size(0)}, points.options().dtype(at::kInt))),
        distances(at::empty({points.size(0)}, points.options())) {}

  at::Tensor indices, distances;
};

// By BLAS, for processors that have no panels: scores are products less half the squared norms, and rounded, so that all
// that come within the rounding of the largest are compared by their distances.
void search_by_products(const at::Tensor& points, const Centroids& centroids, Found& found) {
  constexpr int64_t block_rows = 256;
  const int64_t n = points.size(0), k = centroids.count(), dimension = centroids.dimension();
  const at::Tensor factors = centroids.centred.t(), half_norms = centroids.norms * 0.5;
  const float farthest = std::sqrt(centroids.norms.max().item<float>());
  const float *point_data = points.data_ptr<float>(), *centroid_data = centroids.values.data_ptr<float>(),
              *centre_data = centroids.centre.data_ptr<float>();
  // What a product of D terms and a difference can be off by, for factors of length one.
  const float rounding = static_cast<float>(dimension + 16) * std::numeric_limits<float>::epsilon();
  int32_t* index_data = found.indices.data_ptr<int32_t>();
  float* distance_data = found.distances.data_ptr<float>();
  parallel_products(0, n, grain_of(centroids, block_rows), [&](int64_t begin, int64_t end) {
    const at::Tensor moved = at::empty({block_rows, dimension}, points.options());
    const at::Tensor all_scores = at::empty({block_rows, k}, points.options());
    std::vector<float> lengths(static_cast<size_t>(block_rows));
    for (int64_t start = begin; start < end; start += block_rows) {
      const int64_t rows = std::min(block_rows, end - start);
      for (int64_t r = 0; r < rows; ++r)
        lengths[r] = std::sqrt(move_point(point_data + (start + r) * dimension, centre_data, dimension,
                                          moved.data_ptr<float>() + r * dimension));
      at::Tensor scores = all_scores.narrow(0, 0, rows);
      at::mm_out(scores, moved.narrow(0, 0, rows), factors);
      scores.sub_(half_norms);
      const at::Tensor largest = scores.amax(1);
      for (int64_t r = 0; r < rows; ++r) {
        const float* point = point_data + (start + r) * dimension;
        const float* score = scores.data_ptr<float>() + r * k;
        const float reach = lengths[r] + farthest;
        if (!std::isfinite(reach * reach)) {
          // Where squares overflow nothing is known of what is nearest: such a distance is no number.
          index_data[start + r] = 0;
          distance_data[start + r] = std::numeric_limits<float>::quiet_NaN();
          continue;
        }
        const float bound = largest.data_ptr<float>()[r] - rounding * reach * reach;
        Nearest nearest{0, squared_distance(point, centroid_data, dimension)};
        for (int64_t c = 1; c < k; ++c)
          if (!(score[c] < bound))
            nearest.consider(c, squared_distance(point, centroid_data + c * dimension, dimension));
        index_data[start + r] = static_cast<int32_t>(nearest.index);
        distance_data[start + r] = nearest.squared_distance;
      }
    }
  });
}

#ifdef PROTOCL_HAS_PANELS

void search_by_panels(const at::Tensor& points, const Centroids& centroids, const SearchMemory* memory, Found& found) {
  const CentroidSearch search(centroids.values.data_ptr<float>(), centroids.centre.data_ptr<float>(),
                              centroids.centred.data_ptr<float>(), centroids.norms.data_ptr<float>(), centroids.count(),
                              centroids.dimension());
  const float* point_data = points.data_ptr<float>();
  int32_t* index_data = found.indices.data_ptr<int32_t>();
  float* distance_data = found.distances.data_ptr<float>();
  parallel_products(0, points.size(0), grain_of(centroids, CentroidSearch::kBlockRows),
                    [&](int64_t begin, int64_t end) {
                      search.search(point_data, begin, end, memory, index_data, distance_data);
                    });
}

// How far the centroids of each group have moved at most.
at::Tensor ways_of(const at::Tensor& before, const at::Tensor& now) {
  const int64_t k = now.size(0), dimension = now.size(1);
  const at::Tensor ways = at::zeros({CentroidSearch::bounds_stride(k, dimension)}, now.options());
  const int64_t size = CentroidSearch::group_panels(k, dimension) * kPanel;
  float* way_data = ways.data_ptr<float>();
  for (int64_t c = 0; c < k; ++c) {
    double squares = 0;
    for (int64_t d = 0; d < dimension; ++d) {
      const double way = static_cast<double>(now.data_ptr<float>()[c * dimension + d]) -
                         static_cast<double>(before.data_ptr<float>()[c * dimension + d]);
      squares += way * way;
    }
    // Rounded up.
    way_data[c / size] = std::max(way_data[c / size], static_cast<float>(std::sqrt(squares) * (1 + 1e-6)));
  }
  return ways;
}

#endif

std::tuple<at::Tensor, at::Tensor> nearest_centroid(const at::Tensor& points_given, const at::Tensor& given) {
  require_fitting(points_given, given);
  const at::Tensor points = points_given.contiguous();
  const Centroids centroids(given);
  Found found(points);
#ifdef PROTOCL_HAS_PANELS
  if (has_panels()) {
    search_by_panels(points, centroids, nullptr, found);
    return {found.indices, found.distances};
  }
#endif
  search_by_products(points, centroids, found);
  return {found.indices, found.distances};
}

// What a search over these points is to remember: bounds, the centroid of each point, and the centroids; nothing where
// this processor can do without. `centroids` tells only how many there are.
std::vector<at::Tensor> nearest_centroid_memory(const at::Tensor& points, const at::Tensor& centroids) {
  require_fitting(points, centroids);
#ifdef PROTOCL_HAS_PANELS
  if (has_panels()) {
    const int64_t stride = CentroidSearch::bounds_stride(centroids.size(0), centroids.size(1));
    return {at::zeros({points.size(0), stride}, points.options()),
            at::full({points.size(0)}, -1, points.options().dtype(at::kInt)), at::zeros_like(centroids)};
  }
#endif
  return {};
}

// The same as nearest_centroid, for centroids that have moved since the step that `memory` is of; brings it up to date.
std::tuple<at::Tensor, at::Tensor> nearest_centroid_again(const at::Tensor& points_given, const at::Tensor& given,
                                                          at::Tensor bounds, at::Tensor previous, at::Tensor before) {
#ifdef PROTOCL_HAS_PANELS
  require_fitting(points_given, given);
  const at::Tensor points = points_given.contiguous();
  const Centroids centroids(given);
  TORCH_CHECK(has_panels() && bounds.is_contiguous() && previous.is_contiguous() && before.is_contiguous() &&
                  bounds.sizes() == at::IntArrayRef({points.size(0), CentroidSearch::bounds_stride(
                                                                         given.size(0), given.size(1))}) &&
                  previous.sizes() == at::IntArrayRef({points.size(0)}) && before.sizes() == given.sizes(),
              "the memory is not of these points and centroids");
  Found found(points);
  const at::Tensor ways = ways_of(before, centroids.values);
  const SearchMemory memory{bounds.data_ptr<float>(), previous.data_ptr<int32_t>(), ways.data_ptr<float>()};
  search_by_panels(points, centroids, &memory, found);
  before.copy_(centroids.values);
  return {found.indices, found.distances};
#else
  TORCH_CHECK(false, "this processor remembers nothing");
#endif
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def("nearest_centroid(Tensor points, Tensor centroids) -> (Tensor, Tensor)");
  library.def("nearest_centroid_memory(Tensor points, Tensor centroids) -> Tensor[]");
  library.def(
      "nearest_centroid_again(Tensor points, Tensor centroids, Tensor(a!) bounds, Tensor(b!) previous, "
      "Tensor(c!) before) -> (Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CPU, library) {
  library.impl("nearest_centroid", &nearest_centroid);
  library.impl("nearest_centroid_memory", &nearest_centroid_memory);
  library.impl("nearest_centroid_again", &nearest_centroid_again);
}

}  // namespace protocl
