// Products of many points with a few thousand centroids, a block of points at a time.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace protocl {

// Products come in panels of this many centroids; a row of products is padded to a whole number of them.
constexpr int64_t kPanel = 16;

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

// One AVX2 register of floats. A wider type would be spilled to memory.
typedef float Lanes __attribute__((vector_size(32), aligned(4), may_alias));
constexpr int64_t kLanes = 8;
constexpr int64_t kTileRows = 6;

// 6 points by 16 centroids: 12 registers of sums, which is as many as can be kept.
__attribute__((target("avx2,fma"))) inline void product_tile(const float* __restrict points,
                                                             const float* __restrict panel, int64_t dimension,
                                                             float* __restrict products, int64_t stride) {
  Lanes sums[kTileRows][2] = {};
  for (int64_t d = 0; d < dimension; ++d) {
    const Lanes left = *reinterpret_cast<const Lanes*>(panel + d * kPanel);
    const Lanes right = *reinterpret_cast<const Lanes*>(panel + d * kPanel + kLanes);
    for (int64_t r = 0; r < kTileRows; ++r) {
      const float value = points[r * dimension + d];
      sums[r][0] += value * left;
      sums[r][1] += value * right;
    }
  }
  for (int64_t r = 0; r < kTileRows; ++r) {
    *reinterpret_cast<Lanes*>(products + r * stride) = sums[r][0];
    *reinterpret_cast<Lanes*>(products + r * stride + kLanes) = sums[r][1];
  }
}

// BLAS packs the centroids anew for every block of points, and with blocks that stay in the cache that is a large part
// of its time. Packed once, they are multiplied at 1.1 times its speed. With AVX-512 BLAS is the faster one.
inline bool has_product_tile() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                          !__builtin_cpu_supports("avx512f");
  return has;
}

#else

constexpr int64_t kTileRows = 1;
inline void product_tile(const float*, const float*, int64_t, float*, int64_t) {}
inline bool has_product_tile() { return false; }

#endif

// The centroids that points are multiplied with.
class PointProducts {
 public:
  // Points to multiply at a time: a multiple of the tile's rows, few enough that the products stay in the cache. BLAS
  // needs more to make up for its packing.
  static int64_t block_rows() { return has_product_tile() ? 16 * kTileRows : 256; }

  // [k, D], float32, contiguous
  explicit PointProducts(const at::Tensor& centroids)
      : count_(centroids.size(0)),
        dimension_(centroids.size(1)),
        stride_((count_ + kPanel - 1) / kPanel * kPanel),
        transposed_(has_product_tile() ? packed(centroids) : centroids.t()) {}

  // The distance between two rows of products; what is behind the last centroid has no meaning.
  int64_t stride() const { return stride_; }

  // `points` [block_rows, D], `products` [block_rows, stride]. Products behind the first `rows` may be written to.
  void multiply(const at::Tensor& points, int64_t rows, at::Tensor& products) const {
    if (!has_product_tile()) {
      at::Tensor result = products.narrow(0, 0, rows).narrow(1, 0, count_);
      at::mm_out(result, points.narrow(0, 0, rows), transposed_);
      return;
    }
    const float *point = points.data_ptr<float>(), *panels = transposed_.data_ptr<float>();
    float* product = products.data_ptr<float>();
    for (int64_t c = 0; c < stride_; c += kPanel)
      for (int64_t r = 0; r < rows; r += kTileRows)
        product_tile(point + r * dimension_, panels + c * dimension_, dimension_, product + r * stride_ + c, stride_);
  }

 private:
  // [panels, D, kPanel]: what a tile needs of each dimension lies side by side.
  at::Tensor packed(const at::Tensor& centroids) const {
    const at::Tensor padded = at::zeros({stride_, dimension_}, centroids.options());
    padded.narrow(0, 0, count_).copy_(centroids);
    return padded.reshape({stride_ / kPanel, kPanel, dimension_}).transpose(1, 2).contiguous();
  }

  int64_t count_, dimension_, stride_;
  at::Tensor transposed_;
};

}  // namespace protocl
