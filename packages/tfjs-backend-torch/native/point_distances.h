// Distances between single points, and the way to them from a centre.
#pragma once

#include <cstdint>

#include "vectorized.h"

namespace protocl {

PROTOCL_VECTORIZED inline float squared_distance(const float* __restrict a, const float* __restrict b, int64_t size) {
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
PROTOCL_VECTORIZED inline float move_point(const float* __restrict point, const float* __restrict centre,
                                           int64_t dimension, float* __restrict moved) {
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

// A centroid and the squared distance of a point to it.
struct Nearest {
  int64_t index;
  float squared_distance;

  // Of equally near centroids the first counts.
  void consider(int64_t other, float distance) {
    if (distance < squared_distance || (distance == squared_distance && other < index)) *this = {other, distance};
  }
};

}  // namespace protocl
