// Batch norm of channels-last tensors by libtorch's own routines, for devices that have no kernel here: each is one call
// from JavaScript, where a call takes longer than a GPU takes for a small tensor.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <array>
#include <tuple>

#include "torch_version.h"

namespace protocl {

namespace batch_norm {

at::Tensor channels_second(const at::Tensor& x) { return x.dim() > 2 ? x.movedim(-1, 1) : x; }

// No copy where libtorch keeps the layout of its input.
at::Tensor channels_last(const at::Tensor& x) { return x.dim() > 2 ? x.movedim(1, -1).contiguous() : x; }

// Adds the residual and applies the activation in place, on a tensor that nobody else has.
at::Tensor activated(at::Tensor y, const OptionalTensor& residual, bool relu) {
  if (residual.has_value()) y.add_(*residual);
  return relu ? y.relu_() : y;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> training(const at::Tensor& x, const at::Tensor& scale,
                                                                    const at::Tensor& offset,
                                                                    const OptionalTensor& residual, double epsilon,
                                                                    bool relu) {
  // The running statistics, which are not kept here, and their momentum.
  const OptionalTensor none;
  const auto [normalized, mean, inverse] =
      at::native_batch_norm(channels_second(x), scale, offset, none, none, true, 0, epsilon);
  const at::Tensor variance = inverse.pow(-2).sub_(epsilon).clamp_min_(0);
  return {activated(channels_last(normalized), residual, relu), mean, variance, inverse};
}

// dx, dscale, doffset, and the masked dy where that is the residual's gradient; without an activation it is dy itself,
// and nothing here.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> training_backward(
    const at::Tensor& dy, const at::Tensor& x, const OptionalTensor& y, const at::Tensor& scale,
    const at::Tensor& mean, const at::Tensor& inverse, bool relu, bool has_residual) {
  const OptionalTensor none;
  const at::Tensor masked = relu ? at::threshold_backward(dy, y.value(), 0) : dy;
  const auto [dx, dscale, doffset] =
      at::native_batch_norm_backward(channels_second(masked), channels_second(x), scale, none, none, mean, inverse,
                                     true, 0, std::array<bool, 3>{true, true, true});
  return {channels_last(dx), dscale, doffset, relu && has_residual ? masked : at::Tensor()};
}

at::Tensor inference(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& offset, const at::Tensor& mean,
                     const at::Tensor& variance, const OptionalTensor& residual, double epsilon, bool relu) {
  const at::Tensor normalized = std::get<0>(
      at::native_batch_norm(channels_second(x), scale, offset, mean, variance, false, 0, epsilon));
  return activated(channels_last(normalized), residual, relu);
}

}  // namespace batch_norm

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def(
      "batch_norm_training_by_libtorch(Tensor x, Tensor scale, Tensor offset, Tensor? residual, float epsilon, "
      "bool relu) -> (Tensor, Tensor, Tensor, Tensor)");
  library.def(
      "batch_norm_training_backward_by_libtorch(Tensor dy, Tensor x, Tensor? y, Tensor scale, Tensor mean, "
      "Tensor inverse, bool relu, bool has_residual) -> (Tensor, Tensor, Tensor, Tensor)");
  library.def(
      "batch_norm_inference_by_libtorch(Tensor x, Tensor scale, Tensor offset, Tensor mean, Tensor variance, "
      "Tensor? residual, float epsilon, bool relu) -> Tensor");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CompositeExplicitAutograd, library) {
  library.impl("batch_norm_training_by_libtorch", &batch_norm::training);
  library.impl("batch_norm_training_backward_by_libtorch", &batch_norm::training_backward);
  library.impl("batch_norm_inference_by_libtorch", &batch_norm::inference);
}

}  // namespace protocl
