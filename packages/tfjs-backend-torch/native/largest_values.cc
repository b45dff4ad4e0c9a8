// The k largest values of each row, in order. libtorch's topk takes any of equal values, and sorts much that is not asked
// for.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include "vectorized.h"

namespace protocl {

namespace {

struct RankedValue {
  float value;
  int32_t index;
};

// What is no number counts as largest, as in libtorch; of equal values the first one comes first.
bool comes_before(const RankedValue& a, const RankedValue& b) {
  const bool a_is_number = a.value == a.value, b_is_number = b.value == b.value;
  if (a_is_number != b_is_number) return b_is_number;
  if (a_is_number && a.value != b.value) return a.value > b.value;
  return a.index < b.index;
}

constexpr int64_t kScanLanes = 16;
// Values that are worth a thread.
constexpr int64_t kLeastValues = 1 << 16;

// Where the next block begins that has a value above the bound, or none; `end` less `begin` is a multiple of kScanLanes.
PROTOCL_VECTORIZED int64_t next_above(const float* __restrict values, int64_t begin, int64_t end, float bound) {
  for (; begin < end; begin += kScanLanes) {
    int32_t above = 0;
    for (int64_t lane = 0; lane < kScanLanes; ++lane) above += !(values[begin + lane] <= bound);
    if (above != 0) return begin;
  }
  return end;
}

// Candidates are all values above the least of the k best so far; they are sifted whenever there are twice as many as
// can be taken.
void largest_of_row(const float* row, int64_t size, int64_t k, std::vector<RankedValue>& candidates) {
  const auto capacity = static_cast<size_t>(2 * k + kScanLanes);
  candidates.clear();
  float bound = 0;
  bool is_bounded = false;
  const auto sift = [&] {
    std::nth_element(candidates.begin(), candidates.begin() + (k - 1), candidates.end(), comes_before);
    candidates.resize(static_cast<size_t>(k));
    bound = candidates.back().value;
    is_bounded = true;
  };
  const int64_t whole = size / kScanLanes * kScanLanes;
  for (int64_t begin = 0; begin < size;) {
    if (is_bounded && begin < whole) begin = next_above(row, begin, whole, bound);
    const int64_t end = std::min(begin + kScanLanes, size);
    for (; begin < end; ++begin)
      if (!is_bounded || !(row[begin] <= bound)) candidates.push_back({row[begin], static_cast<int32_t>(begin)});
    if (candidates.size() >= capacity) sift();
  }
  if (candidates.size() > static_cast<size_t>(k)) sift();
  std::sort(candidates.begin(), candidates.end(), comes_before);
}

std::tuple<at::Tensor, at::Tensor> largest_values(const at::Tensor& rows_given, int64_t k) {
  TORCH_CHECK(rows_given.dim() == 2 && rows_given.scalar_type() == at::kFloat, "rows must be float32 [n,size]");
  const at::Tensor rows = rows_given.contiguous();
  const int64_t n = rows.size(0), size = rows.size(1);
  TORCH_CHECK(k >= 0 && k <= size, "k must be in 0..", size, ", got ", k);
  at::Tensor values = at::empty({n, k}, rows.options()), indices = at::empty({n, k}, rows.options().dtype(at::kInt));
  if (k == 0) return {values, indices};
  const float* row_data = rows.data_ptr<float>();
  float* value_data = values.data_ptr<float>();
  int32_t* index_data = indices.data_ptr<int32_t>();
  at::parallel_for(0, n, std::max<int64_t>(1, kLeastValues / std::max<int64_t>(size, 1)), [&](int64_t begin, int64_t end) {
    std::vector<RankedValue> candidates;
    candidates.reserve(static_cast<size_t>(2 * k + 2 * kScanLanes));
    for (int64_t row = begin; row < end; ++row) {
      largest_of_row(row_data + row * size, size, k, candidates);
      for (int64_t rank = 0; rank < k; ++rank) {
        value_data[row * k + rank] = candidates[static_cast<size_t>(rank)].value;
        index_data[row * k + rank] = candidates[static_cast<size_t>(rank)].index;
      }
    }
  });
  return {values, indices};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def("largest_values(Tensor rows, int k) -> (Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CPU, library) { library.impl("largest_values", &largest_values); }

}  // namespace protocl
