// Centroids rounded to 16-bit integers and laid out in panels, and their products with rounded points.
#pragma once

#include <cstdint>
#include <cstring>

#include "vectorized.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#define PROTOCL_HAS_PANELS
#endif

namespace protocl {

// Centroids of a panel: as many as the widest register has lanes of 32 bits.
constexpr int64_t kPanel = 16;
// Points that are multiplied with a panel at a time.
constexpr int64_t kTileRows = 8;
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

// A point of whole numbers, which is `scale` times as long as the real one. Its own centroid, if it has one, is left out
// of the largest scores.
struct RoundedPoint {
  const int16_t* values;
  float scale;
  int32_t own;
};

// 16 centroids of whole numbers, which are scaled, too: [D / 2, kPanel, 2], so that what two dimensions need lies side
// by side. D is even. Half the squared norms are scaled as the centroids are, and infinite where there is no centroid.
struct Panel {
  const int16_t* values;
  const float* half_norms;
  int64_t dimension;
  int32_t first;
};

#ifdef PROTOCL_HAS_PANELS

// A score is a product less half the squared norm of the centroid: it is the largest for the nearest centroid.
__attribute__((target("avx2,fma"))) inline __m256 scores_of(__m256i products, float scale, const float* half_norms) {
  return _mm256_fnmadd_ps(_mm256_set1_ps(scale), _mm256_loadu_ps(half_norms), _mm256_cvtepi32_ps(products));
}

inline int32_t pair_at(const int16_t* values) {
  int32_t pair;
  std::memcpy(&pair, values, sizeof pair);
  return pair;
}

// The scores of one point with a panel.
__attribute__((target("avx2,fma"))) inline void panel_scores(const RoundedPoint& point, const Panel& panel,
                                                             float* __restrict scores) {
  __m256i left = _mm256_setzero_si256(), right = left;
  for (int64_t d = 0; d < panel.dimension; d += 2) {
    const __m256i pair = _mm256_set1_epi32(pair_at(point.values + d));
    const __m256i* pairs = reinterpret_cast<const __m256i*>(panel.values + d * kPanel);
    left = _mm256_add_epi32(left, _mm256_madd_epi16(pair, _mm256_loadu_si256(pairs)));
    right = _mm256_add_epi32(right, _mm256_madd_epi16(pair, _mm256_loadu_si256(pairs + 1)));
  }
  _mm256_storeu_ps(scores, scores_of(left, point.scale, panel.half_norms));
  _mm256_storeu_ps(scores + 8, scores_of(right, point.scale, panel.half_norms + 8));
}

// The larger of the scores of two halves of a panel, without the point's own centroid.
__attribute__((target("avx2,fma"))) inline __m256 larger_scores(__m256i left, __m256i right, const RoundedPoint& point,
                                                                const Panel& panel) {
  const __m256 none = _mm256_set1_ps(-__builtin_inff());
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), own = _mm256_set1_epi32(point.own - panel.first);
  const __m256 is_own[2] = {_mm256_castsi256_ps(_mm256_cmpeq_epi32(lanes, own)),
                            _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_add_epi32(lanes, _mm256_set1_epi32(8)), own))};
  return _mm256_max_ps(_mm256_blendv_ps(scores_of(left, point.scale, panel.half_norms), none, is_own[0]),
                       _mm256_blendv_ps(scores_of(right, point.scale, panel.half_norms + 8), none, is_own[1]));
}

// The largest lane of each of four registers.
__attribute__((target("avx2"))) inline __m128 largest_lanes(const __m256* __restrict rows) {
  const __m256 first = _mm256_max_ps(_mm256_unpacklo_ps(rows[0], rows[1]), _mm256_unpackhi_ps(rows[0], rows[1]));
  const __m256 last = _mm256_max_ps(_mm256_unpacklo_ps(rows[2], rows[3]), _mm256_unpackhi_ps(rows[2], rows[3]));
  const __m256 halves = _mm256_max_ps(_mm256_shuffle_ps(first, last, 0x44), _mm256_shuffle_ps(first, last, 0xEE));
  return _mm_max_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1));
}

// The largest score of each of four points: 8 registers of sums, which leaves the compiler those that it needs for
// moving.
__attribute__((target("avx2,fma"))) inline void largest_of_four(const RoundedPoint* __restrict points,
                                                                const Panel& panel, float* __restrict largest) {
  __m256i sums[4][2];
  for (auto& row : sums) row[0] = row[1] = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (int64_t d = 0; d < panel.dimension; d += 2) {
    const __m256i* pairs = reinterpret_cast<const __m256i*>(panel.values + d * kPanel);
    const __m256i left = _mm256_loadu_si256(pairs), right = _mm256_loadu_si256(pairs + 1);
    for (int64_t r = 0; r < 4; ++r) {
      const __m256i pair = _mm256_set1_epi32(pair_at(points[r].values + d));
      sums[r][0] = _mm256_add_epi32(sums[r][0], _mm256_madd_epi16(pair, left));
      sums[r][1] = _mm256_add_epi32(sums[r][1], _mm256_madd_epi16(pair, right));
    }
  }
  __m256 scores[4];
  for (int64_t r = 0; r < 4; ++r) scores[r] = larger_scores(sums[r][0], sums[r][1], points[r], panel);
  _mm_storeu_ps(largest, largest_lanes(scores));
}

__attribute__((target("avx2,fma"))) inline void largest_by_avx2(const RoundedPoint* points, const Panel& panel,
                                                                float* largest) {
  largest_of_four(points, panel, largest);
  largest_of_four(points + 4, panel, largest + 4);
}

// With instructions that multiply pairs and add them up at once, 16 lanes wide: more than twice as fast.
#define PROTOCL_VNNI "avx2,fma,avx512f,avx512bw,avx512vl,avx512vnni"
__attribute__((target(PROTOCL_VNNI))) inline void largest_by_vnni(const RoundedPoint* __restrict points,
                                                                  const Panel& panel, float* __restrict largest) {
  __m512i sums[kTileRows];
  for (auto& row : sums) row = _mm512_setzero_si512();
#pragma GCC unroll 4
  for (int64_t d = 0; d < panel.dimension; d += 2) {
    const __m512i pairs = _mm512_loadu_si512(panel.values + d * kPanel);
    for (int64_t r = 0; r < kTileRows; ++r)
      sums[r] = _mm512_dpwssd_epi32(sums[r], _mm512_set1_epi32(pair_at(points[r].values + d)), pairs);
  }
  __m256 scores[kTileRows];
  for (int64_t r = 0; r < kTileRows; ++r)
    scores[r] = larger_scores(_mm512_castsi512_si256(sums[r]), _mm512_extracti64x4_epi64(sums[r], 1), points[r], panel);
  _mm_storeu_ps(largest, largest_lanes(scores));
  _mm_storeu_ps(largest + 4, largest_lanes(scores + 4));
}

inline bool has_panels() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}

// Writes the largest score of each of kTileRows points with a panel, without their own centroids.
inline void largest_scores(const RoundedPoint* points, const Panel& panel, float* largest) {
  static const bool has_vnni = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
  has_vnni ? largest_by_vnni(points, panel, largest) : largest_by_avx2(points, panel, largest);
}

#else

inline bool has_panels() { return false; }

#endif

}  // namespace protocl
