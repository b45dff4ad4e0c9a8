// What drives the points of t-SNE apart, for all pairs, without a matrix of pairs.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

#include "vectorized.h"

namespace protocl {

namespace {

// Points that are compared at once, each in a lane with sums of its own, which lets the compiler vectorize them.
constexpr int64_t kPairLanes = 16;
// Points after which sums go on in double precision.
constexpr int64_t kPairBlock = 1024;
// Pairs that are worth a thread.
constexpr int64_t kLeastPairs = 1 << 16;
// So far away that a pair with it weighs nothing, and its square is still a number.
constexpr float kNowhere = 1e18f;

// Adds Σ_j w²(x - x_j), Σ_j w²(y - y_j) and Σ_j w with w = 1 / (1 + distance²) to sums. `size` is a multiple of kPairLanes.
PROTOCL_VECTORIZED void add_pairs(const float* __restrict xs, const float* __restrict ys, int64_t size, float x,
                                  float y, double* __restrict sums) {
  float force_x[kPairLanes] = {}, force_y[kPairLanes] = {}, weights[kPairLanes] = {};
  for (int64_t j = 0; j < size; j += kPairLanes)
    for (int64_t lane = 0; lane < kPairLanes; ++lane) {
      const float dx = x - xs[j + lane], dy = y - ys[j + lane];
      const float weight = 1.0f / (1.0f + dx * dx + dy * dy);
      const float squared = weight * weight;
      force_x[lane] += squared * dx;
      force_y[lane] += squared * dy;
      weights[lane] += weight;
    }
  for (int64_t lane = 0; lane < kPairLanes; ++lane) {
    sums[0] += static_cast<double>(force_x[lane]);
    sums[1] += static_cast<double>(force_y[lane]);
    sums[2] += static_cast<double>(weights[lane]);
  }
}

// Every point goes through all others in the same order, so results do not depend on the number of threads.
std::tuple<at::Tensor, at::Tensor> student_repulsion(const at::Tensor& points_given) {
  TORCH_CHECK(points_given.dim() == 2 && points_given.size(1) == 2, "points must be [n,2], got ", points_given.sizes());
  TORCH_CHECK(points_given.scalar_type() == at::kFloat, "points must be float32");
  const at::Tensor points = points_given.contiguous();
  const int64_t n = points.size(0), padded = (n + kPairLanes - 1) / kPairLanes * kPairLanes;
  const float* point_data = points.data_ptr<float>();
  std::vector<float> xs(static_cast<size_t>(padded), kNowhere), ys(static_cast<size_t>(padded), kNowhere);
  for (int64_t i = 0; i < n; ++i) {
    xs[i] = point_data[2 * i];
    ys[i] = point_data[2 * i + 1];
  }
  at::Tensor forces = at::empty({n, 2}, points.options());
  float* force_data = forces.data_ptr<float>();
  std::vector<double> weights(static_cast<size_t>(n));
  at::parallel_for(0, n, std::max<int64_t>(1, kLeastPairs / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      double sums[3] = {};
      for (int64_t start = 0; start < padded; start += kPairBlock)
        add_pairs(xs.data() + start, ys.data() + start, std::min(kPairBlock, padded - start), xs[i], ys[i], sums);
      force_data[2 * i] = static_cast<float>(sums[0]);
      force_data[2 * i + 1] = static_cast<float>(sums[1]);
      // A point's weight with itself is 1.
      weights[i] = sums[2] - 1;
    }
  });
  double total = 0;
  for (const double weight : weights) total += weight;
  return {forces, at::full({}, total, points.options())};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def("student_repulsion(Tensor points) -> (Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CPU, library) { library.impl("student_repulsion", &student_repulsion); }

}  // namespace protocl
