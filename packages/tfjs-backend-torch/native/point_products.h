// Products of many points with a few thousand centroids, a block of points at a time.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "vectorized.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#define PROTOCL_HAS_INTEGER_PRODUCTS
#endif

namespace protocl {

// Products come in panels of this many centroids; a row of products is padded to a whole number of them.
constexpr int64_t kPanel = 16;
constexpr int64_t kTileRows = 4;

// The length that rounded vectors have at most: a product of two then stays below 2^31.
constexpr float kRoundedLength = 32767;

// Rounds to whole numbers, by adding a number so large that its last digit counts ones.
PROTOCL_VECTORIZED inline void round_vector(const float* __restrict values, float scale, int64_t size,
                                            int16_t* __restrict result) {
  constexpr float large = 12582912;
  int32_t zero;
  std::memcpy(&zero, &large, sizeof zero);
  for (int64_t d = 0; d < size; ++d) {
    const float shifted = values[d] * scale + large;
    int32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    result[d] = static_cast<int16_t>(bits - zero);
  }
}

#ifdef PROTOCL_HAS_INTEGER_PRODUCTS

// 4 points by 16 centroids: 8 registers of sums, which leaves the compiler those that it needs for moving. Two
// dimensions at a time: of each point a pair of 16-bit integers, of the panel a pair for each centroid.
__attribute__((target("avx2,fma"))) inline void product_tile(const int16_t* __restrict points,
                                                             const int16_t* __restrict panel, int64_t dimension,
                                                             float* __restrict products, int64_t stride) {
  __m256i sums[kTileRows][2];
  for (auto& row : sums) row[0] = row[1] = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (int64_t d = 0; d < dimension; d += 2) {
    const __m256i left = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel + d * kPanel));
    const __m256i right = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel + d * kPanel + kPanel));
    for (int64_t r = 0; r < kTileRows; ++r) {
      int32_t two;
      std::memcpy(&two, points + r * dimension + d, sizeof two);
      const __m256i pair = _mm256_set1_epi32(two);
      sums[r][0] = _mm256_add_epi32(sums[r][0], _mm256_madd_epi16(pair, left));
      sums[r][1] = _mm256_add_epi32(sums[r][1], _mm256_madd_epi16(pair, right));
    }
  }
  for (int64_t r = 0; r < kTileRows; ++r)
    for (int64_t half = 0; half < 2; ++half)
      _mm256_storeu_ps(products + r * stride + half * kPanel / 2, _mm256_cvtepi32_ps(sums[r][half]));
}

inline bool has_integer_products() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}

#else

inline void product_tile(const int16_t*, const int16_t*, int64_t, float*, int64_t) {}
inline bool has_integer_products() { return false; }

#endif

// The centroids that points are multiplied with.
//
// Products only have to tell which centroids can be the nearest, so where the processor has the instructions, vectors
// are rounded to 16-bit integers: that is 1.7 times as fast as with floats. The centroids are laid out once, while BLAS
// would do that anew for every block of points.
class PointProducts {
 public:
  // Points to multiply at a time: few enough that the products stay in the cache. BLAS needs more to be busy.
  static int64_t block_rows() { return has_integer_products() ? 24 * kTileRows : 256; }

  // `centroids` [k, D], float32, contiguous, with lengths of at most `longest`
  PointProducts(const at::Tensor& centroids, float longest)
      : count_(centroids.size(0)),
        dimension_(centroids.size(1)),
        rounded_dimension_((dimension_ + 1) / 2 * 2),
        stride_((count_ + kPanel - 1) / kPanel * kPanel),
        longest_(longest),
        scale_(has_integer_products() ? kRoundedLength / std::max(longest, kLeastLength) : 1),
        panels_(has_integer_products() ? rounded_panels(centroids) : centroids.t()) {}

  // The distance between two rows of products; what is behind the last centroid has no meaning.
  int64_t stride() const { return stride_; }

  // Products are this many times too large, beside what the scale of the point adds.
  float scale() const { return scale_; }

  // What the product of a point of this length is multiplied by.
  float point_scale(float length) const {
    if (!has_integer_products()) return 1;
    // Beside the centroids, short points need fewer digits. A length that is not a number stays one.
    return kRoundedLength / std::max(std::max(length, longest_ / 4096), kLeastLength);
  }

  // How much two products of a point can be off together because of the rounding of vectors to integers. Every entry
  // is off by a half at most, so with Cauchy-Schwarz a product is off by half the root of D for each of two lengths.
  float uncertainty() const {
    if (!has_integer_products()) return 0;
    const float off = 0.5f * std::sqrt(static_cast<float>(dimension_));
    return 2 * (2 * off * (kRoundedLength + off) + off * off);
  }

  // Memory for the points of a block.
  at::Tensor workspace() const { return at::zeros({block_rows(), rounded_dimension_}, panels_.options()); }

  // Writes products [block_rows, stride] of `points` [block_rows, D] with the centroids, all scaled. Those behind the
  // first `rows` may be written to.
  void multiply(const at::Tensor& points, const float* point_scales, int64_t rows, at::Tensor& workspace,
                at::Tensor& products) const {
    if (!has_integer_products()) {
      at::Tensor result = products.narrow(0, 0, rows).narrow(1, 0, count_);
      at::mm_out(result, points.narrow(0, 0, rows), panels_);
      return;
    }
    int16_t* rounded = workspace.data_ptr<int16_t>();
    for (int64_t r = 0; r < rows; ++r)
      round_vector(points.data_ptr<float>() + r * dimension_, point_scales[r], dimension_,
                   rounded + r * rounded_dimension_);
    const int16_t* panels = panels_.data_ptr<int16_t>();
    float* product = products.data_ptr<float>();
    for (int64_t c = 0; c < stride_; c += kPanel)
      for (int64_t r = 0; r < rows; r += kTileRows)
        product_tile(rounded + r * rounded_dimension_, panels + c * rounded_dimension_, rounded_dimension_,
                     product + r * stride_ + c, stride_);
  }

 private:
  static constexpr float kLeastLength = 1e-30f;

  // [panels, D / 2, kPanel, 2]: what a tile needs of two dimensions lies side by side.
  at::Tensor rounded_panels(const at::Tensor& centroids) const {
    const at::Tensor rounded = at::zeros({stride_, rounded_dimension_}, centroids.options().dtype(at::kShort));
    for (int64_t c = 0; c < count_; ++c)
      round_vector(centroids.data_ptr<float>() + c * dimension_, scale_, dimension_,
                   rounded.data_ptr<int16_t>() + c * rounded_dimension_);
    return rounded.reshape({stride_ / kPanel, kPanel, rounded_dimension_ / 2, 2}).permute({0, 2, 1, 3}).contiguous();
  }

  int64_t count_, dimension_, rounded_dimension_, stride_;
  float longest_, scale_;
  at::Tensor panels_;
};

}  // namespace protocl
