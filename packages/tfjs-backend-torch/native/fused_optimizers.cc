// Parameter updates over a whole list of tensors, in place and in one pass over memory.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <vector>

#include "vectorized.h"

namespace protocl {

namespace {

constexpr int64_t kChunk = 16384;

struct Chunk {
  size_t tensor;
  int64_t begin, end;
};

// Pieces of equal size, so that threads share the work however the parameters are divided.
std::vector<Chunk> chunks_of(at::TensorList tensors) {
  std::vector<Chunk> chunks;
  for (size_t i = 0; i < tensors.size(); ++i)
    for (int64_t begin = 0; begin < tensors[i].numel(); begin += kChunk)
      chunks.push_back({i, begin, std::min(begin + kChunk, tensors[i].numel())});
  return chunks;
}

template <typename Body>
void for_each_chunk(at::TensorList tensors, const Body& body) {
  const std::vector<Chunk> chunks = chunks_of(tensors);
  at::parallel_for(0, static_cast<int64_t>(chunks.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(chunks[i]);
  });
}

void check_pair(const at::Tensor& target, const at::Tensor& other, const char* name, size_t index) {
  TORCH_CHECK(target.scalar_type() == at::kFloat && other.scalar_type() == at::kFloat, "parameter ", index, " and its ",
              name, " must be float32");
  TORCH_CHECK(target.sizes() == other.sizes(), "the ", name, " of parameter ", index, " must have shape ",
              target.sizes(), ", got ", other.sizes());
  TORCH_CHECK(target.is_non_overlapping_and_dense(), "parameter ", index, " does not fill its memory");
}

// `other` laid out in memory like `target`, so that both can be walked as flat arrays.
at::Tensor laid_out_like(const at::Tensor& target, const at::Tensor& other) {
  if (other.strides() == target.strides()) return other;
  return at::empty_like(target).copy_(other);
}

PROTOCL_VECTORIZED void sgd_chunk(float* __restrict parameter, float* __restrict velocity,
                                  const float* __restrict gradient, int64_t size, float learning_rate, float momentum,
                                  float weight_decay, bool nesterov) {
  const float look_ahead = nesterov ? momentum : 0, direct = nesterov ? 1 : 0;
  // d = g + λp, v = μv + d; the step is v, or d + μv with Nesterov's momentum (Sutskever et al. 2013).
  const float velocity_weight = nesterov ? look_ahead : 1;
  for (int64_t i = 0; i < size; ++i) {
    const float d = gradient[i] + weight_decay * parameter[i];
    const float v = momentum * velocity[i] + d;
    velocity[i] = v;
    parameter[i] -= learning_rate * (velocity_weight * v + direct * d);
  }
}

PROTOCL_VECTORIZED void average_chunk(float* __restrict average, const float* __restrict value, int64_t size,
                                      float rest) {
  for (int64_t i = 0; i < size; ++i) average[i] += rest * (value[i] - average[i]);
}

void sgd_momentum_(at::TensorList parameters, at::TensorList velocities, at::TensorList gradients,
                   double learning_rate, double momentum, c10::ArrayRef<double> weight_decays, bool nesterov) {
  TORCH_CHECK(parameters.size() == velocities.size() && parameters.size() == gradients.size() &&
                  parameters.size() == weight_decays.size(),
              "parameters, velocities, gradients and weight decays must be equally many");
  std::vector<at::Tensor> arranged;
  arranged.reserve(gradients.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    check_pair(parameters[i], gradients[i], "gradient", i);
    check_pair(parameters[i], velocities[i], "velocity", i);
    arranged.push_back(laid_out_like(parameters[i], gradients[i]));
  }
  // Velocities follow the layout of their parameters from their first step on.
  for (size_t i = 0; i < parameters.size(); ++i)
    TORCH_CHECK(velocities[i].strides() == parameters[i].strides(), "the velocity of parameter ", i,
                " is laid out unlike the parameter");
  for_each_chunk(parameters, [&](const Chunk& chunk) {
    sgd_chunk(parameters[chunk.tensor].data_ptr<float>() + chunk.begin,
              velocities[chunk.tensor].data_ptr<float>() + chunk.begin,
              arranged[chunk.tensor].data_ptr<float>() + chunk.begin, chunk.end - chunk.begin,
              static_cast<float>(learning_rate), static_cast<float>(momentum),
              static_cast<float>(weight_decays[chunk.tensor]), nesterov);
  });
}

void exponential_moving_average_(at::TensorList averages, at::TensorList values, double momentum) {
  TORCH_CHECK(averages.size() == values.size(), "averages and values must be equally many");
  std::vector<at::Tensor> arranged;
  arranged.reserve(values.size());
  for (size_t i = 0; i < averages.size(); ++i) {
    check_pair(averages[i], values[i], "value", i);
    arranged.push_back(laid_out_like(averages[i], values[i]));
  }
  for_each_chunk(averages, [&](const Chunk& chunk) {
    average_chunk(averages[chunk.tensor].data_ptr<float>() + chunk.begin,
                  arranged[chunk.tensor].data_ptr<float>() + chunk.begin, chunk.end - chunk.begin,
                  static_cast<float>(1 - momentum));
  });
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def(
      "sgd_momentum_(Tensor(a!)[] parameters, Tensor(b!)[] velocities, Tensor[] gradients, float learning_rate, "
      "float momentum, float[] weight_decays, bool nesterov) -> ()");
  library.def("exponential_moving_average_(Tensor(a!)[] averages, Tensor[] values, float momentum) -> ()");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CPU, library) {
  library.impl("sgd_momentum_", &sgd_momentum_);
  library.impl("exponential_moving_average_", &exponential_moving_average_);
}

}  // namespace protocl
