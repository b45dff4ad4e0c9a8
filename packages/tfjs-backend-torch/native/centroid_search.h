// The nearest centroid of each point, by products of whole numbers and, where steps follow each other, by bounds.
#pragma once

#include "centroid_panels.h"

#ifdef PROTOCL_HAS_PANELS

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "point_distances.h"

namespace protocl {

// What a search knows of the points from the step before, when the centroids were elsewhere.
//
// For every group of centroids there is a lower bound of a point's distance to those of them that it is not assigned to.
// A group that moves by some way at most brings the bound down by it; where the bound is still above the distance to the
// point's own centroid, the group need not be looked at. Yinyang k-means (Ding et al., ICML 2015, section 3.1), with
// panels of neighbouring numbers as groups: groups of centroids that are near each other saved little more.
struct SearchMemory {
  float* bounds;      // [n, bounds_stride]
  int32_t* previous;  // [n], the centroid of each point; -1 before the first step
  const float* ways;  // [bounds_stride], how far the centroids of a group have moved at most
};

class CentroidSearch {
 public:
  // Points that are searched at a time: few enough for the cache, and enough to fill tiles with those that need a group.
  static constexpr int64_t kBlockRows = 256;

  // Panels to a group: bounds take half the memory of the points at most.
  static int64_t group_panels(int64_t k, int64_t dimension) {
    const int64_t most = std::max<int64_t>(dimension / 2, kLanes), panels = panels_of(k);
    return (panels + most - 1) / most;
  }

  static int64_t bounds_stride(int64_t k, int64_t dimension) {
    const int64_t size = group_panels(k, dimension);
    return ((panels_of(k) + size - 1) / size + kLanes - 1) / kLanes * kLanes;
  }

  // All float32 and contiguous: `centroids` [k, D], their mean `centre` [D], and `centred` [k, D], the way from there,
  // of which `norms` [k] are the squared lengths.
  CentroidSearch(const float* centroids, const float* centre, const float* centred, const float* norms, int64_t k,
                 int64_t dimension)
      : centroids_(centroids),
        centre_(centre),
        k_(k),
        dimension_(dimension),
        rounded_dimension_((dimension + 1) / 2 * 2),
        panels_(panels_of(k)),
        group_panels_(group_panels(k, dimension)),
        groups_((panels_ + group_panels_ - 1) / group_panels_),
        stride_(bounds_stride(k, dimension)),
        farthest_(std::sqrt(largest_of(norms, k))),
        scale_(kRoundedLength / std::max(farthest_, kLeastLength)),
        values_(static_cast<size_t>(panels_ * kPanel * rounded_dimension_)),
        half_norms_(static_cast<size_t>(panels_ * kPanel), std::numeric_limits<float>::infinity()) {
    std::vector<int16_t> rounded(static_cast<size_t>(rounded_dimension_));
    for (int64_t c = 0; c < k; ++c) {
      half_norms_[c] = norms[c] * (0.5f * scale_);
      round_vector(centred + c * dimension, scale_, dimension, rounded.data());
      int16_t* panel = values_.data() + c / kPanel * kPanel * rounded_dimension_ + c % kPanel * 2;
      for (int64_t d = 0; d < rounded_dimension_; ++d) panel[d / 2 * 2 * kPanel + d % 2] = rounded[d];
    }
  }

  // Writes the nearest centroids of points `begin` .. `end`, and the squared distances to them.
  void search(const float* points, int64_t begin, int64_t end, const SearchMemory* memory, int32_t* indices,
              float* distances) const {
    Block block(*this);
    for (int64_t start = begin; start < end; start += kBlockRows) {
      const int64_t rows = std::min(kBlockRows, end - start);
      block.listed.assign(static_cast<size_t>(groups_), 0);
      std::fill(block.largest.begin(), block.largest.end(), kNone);
      for (int64_t r = 0; r < rows; ++r) enter(block, r, points + (start + r) * dimension_, memory, start + r);
      for (int64_t g = 0; g < groups_; ++g) multiply_group(block, g);
      for (int64_t r = 0; r < rows; ++r) {
        const Nearest nearest = decide(block, r, memory, start + r);
        indices[start + r] = static_cast<int32_t>(nearest.index);
        distances[start + r] = nearest.squared_distance;
      }
    }
  }

 private:
  static constexpr int64_t kLanes = 8;
  static constexpr float kLeastLength = 1e-30f;
  static constexpr float kNone = -std::numeric_limits<float>::infinity();

  // How scores become distances: |x - c|² = |x|² - 2 (xc - |c|² / 2), less what a score can be off by.
  struct Distances {
    float squared_length, uncertainty, factor;

    float least(float score) const { return std::sqrt(std::max(0.f, squared_length - (score + uncertainty) * factor)); }
  };

  struct Row {
    const float* point;
    RoundedPoint rounded;
    Distances distances;
    // The centroid of the step before, and how far it is now; -1 where there is none.
    Nearest own;
    // Centroids that are further than that are not the nearest. Distances are compared as they come out in float32, so
    // it is above the distance to the own centroid by what that rounds.
    float limit;
    bool is_finite;
  };

  struct Block {
    explicit Block(const CentroidSearch& search)
        : rows(kBlockRows),
          rounded(static_cast<size_t>(kBlockRows * search.rounded_dimension_)),
          moved(static_cast<size_t>(search.dimension_)),
          largest(static_cast<size_t>(kBlockRows * search.stride_)),
          lists(static_cast<size_t>(search.groups_ * kBlockRows)),
          scores(static_cast<size_t>(search.group_panels_ * kPanel)) {}

    std::vector<Row> rows;
    std::vector<int16_t> rounded;
    std::vector<float> moved;
    std::vector<float> largest;   // [rows, groups]: the largest score of a group, kNone where it was not looked at
    std::vector<uint16_t> lists;  // [groups, rows]: the rows that need a group, of which there are `listed`
    std::vector<int64_t> listed;
    std::vector<float> scores;    // of one row with one group
  };

  static int64_t panels_of(int64_t k) { return (k + kPanel - 1) / kPanel; }

  static float largest_of(const float* values, int64_t size) {
    float largest = 0;
    // One that is not a number stays.
    for (int64_t i = 0; i < size; ++i) largest = largest >= values[i] ? largest : values[i];
    return largest;
  }

  Panel panel_at(int64_t panel) const {
    return {values_.data() + panel * kPanel * rounded_dimension_, half_norms_.data() + panel * kPanel,
            rounded_dimension_, static_cast<int32_t>(panel * kPanel)};
  }

  // What a sum of D squares or products can be off by, in relation to it.
  float rounding() const { return static_cast<float>(dimension_ + 16) * std::numeric_limits<float>::epsilon(); }

  // Lists a point with the groups that may hold its nearest centroid, and rounds it for them.
  void enter(Block& block, int64_t r, const float* point, const SearchMemory* memory, int64_t n) const {
    Row& row = block.rows[r];
    row.point = point;
    row.own = {-1, std::numeric_limits<float>::infinity()};
    row.is_finite = std::isfinite(farthest_);
    if (!row.is_finite) return;
    if (memory == nullptr) {
      for (int64_t g = 0; g < groups_; ++g) append(block, g, r);
    } else {
      const int32_t previous = memory->previous[n];
      if (previous >= 0) row.own = {previous, squared_distance(point, centroids_ + previous * dimension_, dimension_)};
      row.limit = std::sqrt(row.own.squared_distance) * (1 + 2 * rounding());
      if (!list(block, r, memory->bounds + n * stride_, memory->ways, row.limit)) return;
    }
    const float length = std::sqrt(move_point(point, centre_, dimension_, block.moved.data()));
    row.is_finite = std::isfinite(length);
    // Beside the centroids, short points need fewer digits.
    const float scale = kRoundedLength / std::max(std::max(length, farthest_ / 4096), kLeastLength);
    int16_t* rounded = block.rounded.data() + r * rounded_dimension_;
    round_vector(block.moved.data(), scale, dimension_, rounded);
    row.rounded = {rounded, scale, static_cast<int32_t>(row.own.index)};
    // Every entry is off by a half at most, so with Cauchy-Schwarz a product is off by half the root of D for each of two
    // lengths.
    const float off = 0.5f * std::sqrt(static_cast<float>(dimension_)), reach = length + farthest_;
    const float uncertainty = 2 * off * (kRoundedLength + off) + off * off + rounding() * (reach * scale) * (reach * scale_);
    // Shorter than that, squares have no digits left to tell anything by.
    const bool is_long = length * length > kLeastLength || farthest_ * farthest_ > kLeastLength;
    row.distances = is_long ? Distances{length * length, uncertainty, 2 / scale / scale_} : Distances{0, uncertainty, 0};
  }

  void append(Block& block, int64_t g, int64_t r) const {
    block.lists[g * kBlockRows + block.listed[g]++] = static_cast<uint16_t>(r);
  }

  // Brings bounds down by the ways of their groups, multiplied by a little less than one, so that rounding never raises
  // them. Lists the row with those groups that are not above the limit then; tells whether there are any.
  __attribute__((target("avx2,fma"))) bool list(Block& block, int64_t r, float* __restrict bounds,
                                                const float* __restrict ways, float limit) const {
    const __m256 less = _mm256_set1_ps(1 - 0x1p-22f), limits = _mm256_set1_ps(limit);
    unsigned any = 0;
    for (int64_t first = 0; first < stride_; first += kLanes) {
      const __m256 lowered = _mm256_mul_ps(less, _mm256_sub_ps(_mm256_loadu_ps(bounds + first), _mm256_loadu_ps(ways + first)));
      _mm256_storeu_ps(bounds + first, lowered);
      unsigned needed = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(lowered, limits, _CMP_NGT_UQ)));
      // Behind the last group there is none.
      if (groups_ - first < kLanes) needed &= (1u << (groups_ - first)) - 1;
      any |= needed;
      for (; needed != 0; needed &= needed - 1) append(block, first + __builtin_ctz(needed), r);
    }
    return any != 0;
  }

  // Finds the largest score of the group for each row on its list, a tile of rows at a time.
  void multiply_group(Block& block, int64_t g) const {
    const uint16_t* list = block.lists.data() + g * kBlockRows;
    const int64_t count = block.listed[g], last_panel = std::min(panels_, (g + 1) * group_panels_);
    for (int64_t first = 0; first < count; first += kTileRows) {
      RoundedPoint points[kTileRows];
      // The last row fills a tile that there are too few for.
      for (int64_t i = 0; i < kTileRows; ++i) points[i] = block.rows[list[std::min(first + i, count - 1)]].rounded;
      float largest[kTileRows];
      std::fill(largest, largest + kTileRows, kNone);
      for (int64_t p = g * group_panels_; p < last_panel; ++p) {
        float of_panel[kTileRows];
        largest_scores(points, panel_at(p), of_panel);
        for (int64_t i = 0; i < kTileRows; ++i) largest[i] = std::max(largest[i], of_panel[i]);
      }
      for (int64_t i = 0; i < std::min(kTileRows, count - first); ++i)
        block.largest[list[first + i] * stride_ + g] = largest[i];
    }
  }

  // Compares the centroids that can be the nearest by their distances; mostly there is only one.
  Nearest decide(Block& block, int64_t r, const SearchMemory* memory, int64_t n) const {
    const Row& row = block.rows[r];
    if (!row.is_finite) return nearest_of_none(memory, n);
    const float* largest = block.largest.data() + r * stride_;
    const float best = largest_of_groups(largest);
    if (best == kNone) return row.own;
    const bool has_own = row.own.index >= 0;
    Nearest nearest = has_own ? row.own : Nearest{k_, std::numeric_limits<float>::infinity()};
    if (!has_own || !(row.distances.least(best) > row.limit)) consider_candidates(block, row, best, largest, nearest);
    if (memory != nullptr) remember(block, row, nearest, largest, *memory, n);
    return nearest;
  }

  // Scores are rounded, so the largest one need not be the nearest, nor the first of equally near ones.
  void consider_candidates(Block& block, const Row& row, float best, const float* largest, Nearest& nearest) const {
    const float bound = best - 2 * row.distances.uncertainty;
    for (int64_t g = 0; g < groups_; ++g) {
      if (!(largest[g] >= bound) || largest[g] == kNone) continue;
      score_group(block, row, g);
      const int64_t first = g * group_panels_ * kPanel, count = std::min(k_ - first, group_panels_ * kPanel);
      for (int64_t i = 0; i < count; ++i)
        if (block.scores[i] >= bound && first + i != row.own.index)
          nearest.consider(first + i, squared_distance(row.point, centroids_ + (first + i) * dimension_, dimension_));
    }
  }

  void score_group(Block& block, const Row& row, int64_t g) const {
    for (int64_t p = g * group_panels_; p < std::min(panels_, (g + 1) * group_panels_); ++p)
      panel_scores(row.rounded, panel_at(p), block.scores.data() + (p - g * group_panels_) * kPanel);
  }

  // Where squares overflow nothing is known of what is nearest: such a distance is no number.
  Nearest nearest_of_none(const SearchMemory* memory, int64_t n) const {
    if (memory != nullptr) {
      memory->previous[n] = -1;
      std::fill_n(memory->bounds + n * stride_, stride_, 0.f);
    }
    return {0, std::numeric_limits<float>::quiet_NaN()};
  }

  __attribute__((target("avx2,fma"))) float largest_of_groups(const float* largest) const {
    __m256 most = _mm256_set1_ps(kNone);
    for (int64_t g = 0; g < stride_; g += kLanes) most = _mm256_max_ps(most, _mm256_loadu_ps(largest + g));
    const __m256 rows[4] = {most, most, most, most};
    return _mm_cvtss_f32(largest_lanes(rows));
  }

  // Replaces the bounds of the groups that were looked at. A bound leaves the point's own centroid out.
  void remember(Block& block, const Row& row, const Nearest& nearest, const float* largest, const SearchMemory& memory,
                int64_t n) const {
    float* bounds = memory.bounds + n * stride_;
    for (int64_t g = 0; g < stride_; g += kLanes) renew(bounds + g, largest + g, row.distances);
    if (nearest.index == row.own.index) return;
    memory.previous[n] = static_cast<int32_t>(nearest.index);
    const int64_t size = group_panels_ * kPanel, group = nearest.index / size;
    score_group(block, row, group);
    block.scores[nearest.index - group * size] = kNone;
    const int64_t count = std::min(k_ - group * size, size);
    bounds[group] = row.distances.least(*std::max_element(block.scores.begin(), block.scores.begin() + count));
    if (row.own.index < 0) return;
    float& of_former = bounds[row.own.index / size];
    of_former = std::min(of_former, std::sqrt(row.own.squared_distance) * (1 - rounding()));
  }

  __attribute__((target("avx2,fma"))) static void renew(float* bounds, const float* largest,
                                                        const Distances& distances) {
    const __m256 score = _mm256_loadu_ps(largest);
    const __m256 off = _mm256_mul_ps(_mm256_add_ps(score, _mm256_set1_ps(distances.uncertainty)),
                                     _mm256_set1_ps(distances.factor));
    const __m256 squared = _mm256_max_ps(_mm256_setzero_ps(), _mm256_sub_ps(_mm256_set1_ps(distances.squared_length), off));
    const __m256 was_looked_at = _mm256_cmp_ps(score, _mm256_set1_ps(kNone), _CMP_GT_OQ);
    _mm256_storeu_ps(bounds, _mm256_blendv_ps(_mm256_loadu_ps(bounds), _mm256_sqrt_ps(squared), was_looked_at));
  }

  const float *centroids_, *centre_;
  int64_t k_, dimension_, rounded_dimension_, panels_, group_panels_, groups_, stride_;
  float farthest_, scale_;
  std::vector<int16_t> values_;
  std::vector<float> half_norms_;
};

}  // namespace protocl

#endif
