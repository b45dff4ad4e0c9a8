// Convolutions of NHWC tensors by libtorch's own routines, which have the channels second: as one call from JavaScript
// with the views before and after, since each call takes longer than a GPU takes for a small tensor.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <array>
#include <tuple>
#include <vector>

#include "torch_version.h"

namespace protocl {

namespace nhwc {

// NHWC memory is what libtorch calls channels_last; other memory is copied.
at::Tensor channels_second(const at::Tensor& x) { return x.permute({0, 3, 1, 2}).contiguous(at::MemoryFormat::ChannelsLast); }

at::Tensor channels_last(const at::Tensor& x) { return x.permute({0, 2, 3, 1}).contiguous(); }

// From height, width, input and output channels, to output and input channels, height and width; and back.
at::Tensor output_first(const at::Tensor& filter) { return filter.permute({3, 2, 0, 1}); }
at::Tensor output_last(const at::Tensor& filter) { return filter.permute({2, 3, 1, 0}); }

constexpr std::array<int64_t, 2> kNoOutputPadding = {0, 0};

at::Tensor convolution(const at::Tensor& x, const at::Tensor& filter, const OptionalTensor& bias,
                       at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, int64_t groups) {
  return channels_last(at::convolution(channels_second(x), output_first(filter), bias, stride, padding, dilation,
                                       false, kNoOutputPadding, groups));
}

// `input_sizes` is [N,H,W,C]; of the input itself nothing is needed.
at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& filter, at::IntArrayRef input_sizes,
                          at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, int64_t groups) {
  TORCH_CHECK(input_sizes.size() == 4, "the sizes of the input must be four");
  const at::Tensor input = at::empty({input_sizes[0], input_sizes[3], input_sizes[1], input_sizes[2]},
                                     dy.options().memory_format(at::MemoryFormat::ChannelsLast));
  return channels_last(std::get<0>(at::convolution_backward(channels_second(dy), input, output_first(filter), {}, stride,
                                                            padding, dilation, false, kNoOutputPadding, groups,
                                                            std::array<bool, 3>{true, false, false})));
}

// The gradient as HWIO with the strides of OHWI; `filter_sizes` is [H,W,I,O].
at::Tensor filter_gradient(const at::Tensor& dy, const at::Tensor& x, at::IntArrayRef filter_sizes,
                           at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, int64_t groups) {
  TORCH_CHECK(filter_sizes.size() == 4, "the sizes of the filter must be four");
  const at::Tensor filter = at::empty({filter_sizes[3], filter_sizes[2], filter_sizes[0], filter_sizes[1]},
                                      dy.options().memory_format(at::MemoryFormat::ChannelsLast));
  const at::Tensor gradient = std::get<1>(at::convolution_backward(
      channels_second(dy), channels_second(x), filter, {}, stride, padding, dilation, false, kNoOutputPadding, groups,
      std::array<bool, 3>{false, true, false}));
  return output_last(gradient.contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace nhwc

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def(
      "conv2d_nhwc(Tensor x, Tensor filter, Tensor? bias, int[] stride, int[] padding, int[] dilation, int groups) -> "
      "Tensor");
  library.def(
      "conv2d_nhwc_input_gradient(Tensor dy, Tensor filter, int[] input_sizes, int[] stride, int[] padding, "
      "int[] dilation, int groups) -> Tensor");
  library.def(
      "conv2d_nhwc_filter_gradient(Tensor dy, Tensor x, int[] filter_sizes, int[] stride, int[] padding, "
      "int[] dilation, int groups) -> Tensor");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CompositeExplicitAutograd, library) {
  library.impl("conv2d_nhwc", &nhwc::convolution);
  library.impl("conv2d_nhwc_input_gradient", &nhwc::input_gradient);
  library.impl("conv2d_nhwc_filter_gradient", &nhwc::filter_gradient);
}

}  // namespace protocl
