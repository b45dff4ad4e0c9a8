// Batch normalisation over the last axis, with the activation and the residual addition that follow it in a
// residual network, in as few passes over memory as the arithmetic allows (Ioffe & Szegedy 2015, Algorithm 1).
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "torch_version.h"
#include "vectorized.h"

namespace protocl {

namespace {

// A block of rows is read twice while it is in the second-level cache.
constexpr int64_t kBlockFloats = 32768;

int64_t rows_per_block(int64_t channels) { return std::max<int64_t>(1, kBlockFloats / std::max<int64_t>(1, channels)); }

// Sum over the rows of one block.
PROTOCL_VECTORIZED void add_rows(const float* __restrict x, int64_t rows, int64_t channels, float* __restrict sum) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) sum[c] += x[r * channels + c];
}

// Sums of the differences to `mean`, and of their squares, over the rows of one block.
PROTOCL_VECTORIZED void add_differences(const float* __restrict x, int64_t rows, int64_t channels,
                                        const float* __restrict mean, float* __restrict sum,
                                        float* __restrict squares) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) {
      const float difference = x[r * channels + c] - mean[c];
      sum[c] += difference;
      squares[c] += difference * difference;
    }
}

// The comparison is written so that NaN passes: a diverged run must be seen, not zeroed.
inline float rectified(float value) { return value < 0 ? 0 : value; }

PROTOCL_VECTORIZED void normalize_rows(const float* __restrict x, int64_t rows, int64_t channels,
                                       const float* __restrict mean, const float* __restrict factor,
                                       const float* __restrict offset, float* __restrict y) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c)
      y[r * channels + c] = (x[r * channels + c] - mean[c]) * factor[c] + offset[c];
}

PROTOCL_VECTORIZED void normalize_rows_relu(const float* __restrict x, int64_t rows, int64_t channels,
                                            const float* __restrict mean, const float* __restrict factor,
                                            const float* __restrict offset, float* __restrict y) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c)
      y[r * channels + c] = rectified((x[r * channels + c] - mean[c]) * factor[c] + offset[c]);
}

PROTOCL_VECTORIZED void normalize_rows_add(const float* __restrict x, const float* __restrict residual, int64_t rows,
                                           int64_t channels, const float* __restrict mean,
                                           const float* __restrict factor, const float* __restrict offset, bool relu,
                                           float* __restrict y) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t i = r * channels + c;
      const float value = (x[i] - mean[c]) * factor[c] + offset[c] + residual[i];
      y[i] = relu ? rectified(value) : value;
    }
}

void normalize(const float* x, const float* residual, int64_t rows, int64_t channels, const float* mean,
               const float* factor, const float* offset, bool relu, float* y) {
  at::parallel_for(0, rows, rows_per_block(channels), [&](int64_t begin, int64_t end) {
    const int64_t start = begin * channels;
    if (residual)
      normalize_rows_add(x + start, residual + start, end - begin, channels, mean, factor, offset, relu, y + start);
    else if (relu)
      normalize_rows_relu(x + start, end - begin, channels, mean, factor, offset, y + start);
    else
      normalize_rows(x + start, end - begin, channels, mean, factor, offset, y + start);
  });
}

// The gradient where the activation let its input through. Taking both by value lets the loop be vectorized.
inline float passed(float gradient, float activation) { return activation <= 0 ? 0 : gradient; }

// g = dy masked by the activation; sums of g and of g * (x - mean) over the rows.
PROTOCL_VECTORIZED void add_gradient_sums(const float* __restrict dy, const float* __restrict x,
                                          const float* __restrict y, int64_t rows, int64_t channels,
                                          const float* __restrict mean, float* __restrict sum,
                                          float* __restrict product) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t i = r * channels + c;
      const float g = passed(dy[i], y[i]);
      sum[c] += g;
      product[c] += g * (x[i] - mean[c]);
    }
}

PROTOCL_VECTORIZED void add_gradient_sums_linear(const float* __restrict dy, const float* __restrict x, int64_t rows,
                                                 int64_t channels, const float* __restrict mean,
                                                 float* __restrict sum, float* __restrict product) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t i = r * channels + c;
      sum[c] += dy[i];
      product[c] += dy[i] * (x[i] - mean[c]);
    }
}

// dx = factor * g + slope * (x - mean) + shift, all per channel.
PROTOCL_VECTORIZED void input_gradient(const float* __restrict dy, const float* __restrict x, int64_t rows,
                                       int64_t channels, const float* __restrict mean,
                                       const float* __restrict factor, const float* __restrict slope,
                                       const float* __restrict shift, float* __restrict dx) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t i = r * channels + c;
      dx[i] = factor[c] * dy[i] + slope[c] * (x[i] - mean[c]) + shift[c];
    }
}

PROTOCL_VECTORIZED void input_gradient_relu(const float* __restrict dy, const float* __restrict x,
                                            const float* __restrict y, int64_t rows, int64_t channels,
                                            const float* __restrict mean, const float* __restrict factor,
                                            const float* __restrict slope, const float* __restrict shift,
                                            float* __restrict dx) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t i = r * channels + c;
      const float g = passed(dy[i], y[i]);
      dx[i] = factor[c] * g + slope[c] * (x[i] - mean[c]) + shift[c];
    }
}

PROTOCL_VECTORIZED void input_gradient_relu_residual(const float* __restrict dy, const float* __restrict x,
                                                     const float* __restrict y, int64_t rows, int64_t channels,
                                                     const float* __restrict mean, const float* __restrict factor,
                                                     const float* __restrict slope, const float* __restrict shift,
                                                     float* __restrict dx, float* __restrict dresidual) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t i = r * channels + c;
      const float g = passed(dy[i], y[i]);
      dresidual[i] = g;
      dx[i] = factor[c] * g + slope[c] * (x[i] - mean[c]) + shift[c];
    }
}

struct Moments {
  double count = 0;
  std::vector<double> mean, squares;
  explicit Moments(int64_t channels) : mean(channels), squares(channels) {}

  // Chan, Golub & LeVeque's update (1983): accurate however large the mean is against the deviation.
  void merge(const Moments& other) {
    const double total = count + other.count;
    for (size_t c = 0; c < mean.size(); ++c) {
      const double difference = other.mean[c] - mean[c];
      mean[c] += difference * other.count / total;
      squares[c] += other.squares[c] + difference * difference * count * other.count / total;
    }
    count = total;
  }
};

Moments moments_of(const float* x, int64_t rows, int64_t channels) {
  // One slot a thread, merged in their order: the result is the same bits every time.
  std::vector<Moments> parts(at::get_num_threads(), Moments(channels));
  const int64_t block = rows_per_block(channels);
  at::parallel_for(0, rows, block, [&](int64_t begin, int64_t end) {
    Moments& mine = parts[at::get_thread_num()];
    Moments here(channels);
    std::vector<float> mean(channels), sum(channels), squares(channels);
    for (int64_t start = begin; start < end; start += block) {
      const int64_t size = std::min(block, end - start);
      std::fill(mean.begin(), mean.end(), 0.f);
      std::fill(sum.begin(), sum.end(), 0.f);
      std::fill(squares.begin(), squares.end(), 0.f);
      add_rows(x + start * channels, size, channels, mean.data());
      for (float& value : mean) value /= static_cast<float>(size);
      add_differences(x + start * channels, size, channels, mean.data(), sum.data(), squares.data());
      // The mean was rounded; what the differences to it still sum to corrects both moments.
      here.count = static_cast<double>(size);
      for (int64_t c = 0; c < channels; ++c) {
        here.mean[c] = mean[c] + sum[c] / here.count;
        here.squares[c] = squares[c] - static_cast<double>(sum[c]) * sum[c] / here.count;
      }
      mine.merge(here);
    }
  });
  Moments total(channels);
  for (const Moments& part : parts)
    if (part.count > 0) total.merge(part);
  return total;
}

at::Tensor checked(const at::Tensor& tensor, const char* name) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat, name, " must be float32, got ", tensor.scalar_type());
  return tensor.contiguous();
}

void check_channels(const at::Tensor& x, const at::Tensor& vector, const char* name) {
  TORCH_CHECK(x.dim() >= 1, "x must have at least one axis");
  TORCH_CHECK(vector.dim() == 1 && vector.size(0) == x.size(-1), name, " must have shape [", x.size(-1), "], got ",
              vector.sizes());
}



at::Tensor checked_residual(const OptionalTensor& residual, const at::Tensor& x) {
  if (!residual.has_value() || !residual->defined()) return {};
  TORCH_CHECK(residual->sizes() == x.sizes(), "the residual must have the shape of x, ", x.sizes(), ", got ",
              residual->sizes());
  return checked(*residual, "residual");
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> batch_norm_training(
    const at::Tensor& x_given, const at::Tensor& scale_given, const at::Tensor& offset_given,
    const OptionalTensor& residual_given, double epsilon, bool relu) {
  check_channels(x_given, scale_given, "scale");
  check_channels(x_given, offset_given, "offset");
  const at::Tensor x = checked(x_given, "x"), scale = checked(scale_given, "scale"),
                   offset = checked(offset_given, "offset"), residual = checked_residual(residual_given, x);
  const int64_t channels = x.size(-1), rows = channels ? x.numel() / channels : 0;
  TORCH_CHECK(rows > 0, "batch statistics need at least one row, got shape ", x.sizes());

  const Moments moments = moments_of(x.data_ptr<float>(), rows, channels);
  at::Tensor mean = at::empty({channels}, x.options()), variance = at::empty_like(mean),
             inverse = at::empty_like(mean), y = at::empty_like(x);
  std::vector<float> factor(channels);
  for (int64_t c = 0; c < channels; ++c) {
    const double variance_here = std::max(0.0, moments.squares[c] / moments.count);
    mean.data_ptr<float>()[c] = static_cast<float>(moments.mean[c]);
    variance.data_ptr<float>()[c] = static_cast<float>(variance_here);
    inverse.data_ptr<float>()[c] = static_cast<float>(1 / std::sqrt(variance_here + epsilon));
    factor[c] = scale.data_ptr<float>()[c] * inverse.data_ptr<float>()[c];
  }
  normalize(x.data_ptr<float>(), residual.defined() ? residual.data_ptr<float>() : nullptr, rows, channels,
            mean.data_ptr<float>(), factor.data(), offset.data_ptr<float>(), relu, y.data_ptr<float>());
  return {y, mean, variance, inverse};
}

at::Tensor batch_norm_inference(const at::Tensor& x_given, const at::Tensor& scale_given,
                                const at::Tensor& offset_given, const at::Tensor& mean_given,
                                const at::Tensor& variance_given, const OptionalTensor& residual_given, double epsilon,
                                bool relu) {
  check_channels(x_given, scale_given, "scale");
  check_channels(x_given, offset_given, "offset");
  check_channels(x_given, mean_given, "mean");
  check_channels(x_given, variance_given, "variance");
  const at::Tensor x = checked(x_given, "x"), scale = checked(scale_given, "scale"),
                   offset = checked(offset_given, "offset"), mean = checked(mean_given, "mean"),
                   variance = checked(variance_given, "variance"), residual = checked_residual(residual_given, x);
  const int64_t channels = x.size(-1), rows = channels ? x.numel() / channels : 0;
  std::vector<float> factor(channels);
  for (int64_t c = 0; c < channels; ++c)
    factor[c] = static_cast<float>(scale.data_ptr<float>()[c] / std::sqrt(variance.data_ptr<float>()[c] + epsilon));
  at::Tensor y = at::empty_like(x);
  normalize(x.data_ptr<float>(), residual.defined() ? residual.data_ptr<float>() : nullptr, rows, channels,
            mean.data_ptr<float>(), factor.data(), offset.data_ptr<float>(), relu, y.data_ptr<float>());
  return y;
}

struct GradientSums {
  std::vector<double> sum, product;
};

GradientSums gradient_sums(const float* dy, const float* x, const float* y, int64_t rows, int64_t channels,
                           const float* mean) {
  const GradientSums none{std::vector<double>(channels), std::vector<double>(channels)};
  std::vector<GradientSums> parts(at::get_num_threads(), none);
  const int64_t block = rows_per_block(channels);
  at::parallel_for(0, rows, block, [&](int64_t begin, int64_t end) {
    GradientSums& mine = parts[at::get_thread_num()];
    std::vector<float> sum(channels), product(channels);
    for (int64_t start = begin; start < end; start += block) {
      const int64_t size = std::min(block, end - start), at = start * channels;
      std::fill(sum.begin(), sum.end(), 0.f);
      std::fill(product.begin(), product.end(), 0.f);
      if (y)
        add_gradient_sums(dy + at, x + at, y + at, size, channels, mean, sum.data(), product.data());
      else
        add_gradient_sums_linear(dy + at, x + at, size, channels, mean, sum.data(), product.data());
      for (int64_t c = 0; c < channels; ++c) {
        mine.sum[c] += sum[c];
        mine.product[c] += product[c];
      }
    }
  });
  GradientSums total = none;
  for (const GradientSums& part : parts)
    for (int64_t c = 0; c < channels; ++c) {
      total.sum[c] += part.sum[c];
      total.product[c] += part.product[c];
    }
  return total;
}

// y is needed for the activation's mask only; the residual's gradient is dy masked, and is returned undefined
// where it would equal dy itself or is not asked for.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> batch_norm_training_backward(
    const at::Tensor& dy_given, const at::Tensor& x_given, const OptionalTensor& y_given,
    const at::Tensor& scale_given, const at::Tensor& mean_given, const at::Tensor& inverse_given, bool relu,
    bool residual) {
  TORCH_CHECK(dy_given.sizes() == x_given.sizes(), "dy must have the shape of x, ", x_given.sizes(), ", got ",
              dy_given.sizes());
  check_channels(x_given, scale_given, "scale");
  check_channels(x_given, mean_given, "mean");
  check_channels(x_given, inverse_given, "inverseStandardDeviation");
  TORCH_CHECK(!relu || (y_given.has_value() && y_given->sizes() == x_given.sizes()),
              "with ReLU the gradient needs y in the shape of x");
  const at::Tensor dy = checked(dy_given, "dy"), x = checked(x_given, "x"), scale = checked(scale_given, "scale"),
                   mean = checked(mean_given, "mean"), inverse = checked(inverse_given, "inverseStandardDeviation");
  const at::Tensor y = relu ? checked(*y_given, "y") : at::Tensor();
  const float* mask = relu ? y.data_ptr<float>() : nullptr;
  const int64_t channels = x.size(-1), rows = channels ? x.numel() / channels : 0;
  const float *dy_data = dy.data_ptr<float>(), *x_data = x.data_ptr<float>(), *mean_data = mean.data_ptr<float>();

  const GradientSums sums = gradient_sums(dy_data, x_data, mask, rows, channels, mean_data);
  at::Tensor dscale = at::empty({channels}, x.options()), doffset = at::empty_like(dscale), dx = at::empty_like(x);
  at::Tensor dresidual = residual && relu ? at::empty_like(x) : at::Tensor();
  std::vector<float> factor(channels), slope(channels), shift(channels);
  for (int64_t c = 0; c < channels; ++c) {
    const double inverse_here = inverse.data_ptr<float>()[c], count = static_cast<double>(rows);
    const double factor_here = scale.data_ptr<float>()[c] * inverse_here;
    dscale.data_ptr<float>()[c] = static_cast<float>(sums.product[c] * inverse_here);
    doffset.data_ptr<float>()[c] = static_cast<float>(sums.sum[c]);
    factor[c] = static_cast<float>(factor_here);
    slope[c] = static_cast<float>(-factor_here * inverse_here * inverse_here * sums.product[c] / count);
    shift[c] = static_cast<float>(-factor_here * sums.sum[c] / count);
  }
  float* dx_data = dx.data_ptr<float>();
  float* dresidual_data = dresidual.defined() ? dresidual.data_ptr<float>() : nullptr;
  at::parallel_for(0, rows, rows_per_block(channels), [&](int64_t begin, int64_t end) {
    const int64_t at = begin * channels, size = end - begin;
    if (!mask)
      input_gradient(dy_data + at, x_data + at, size, channels, mean_data, factor.data(), slope.data(), shift.data(),
                     dx_data + at);
    else if (!dresidual_data)
      input_gradient_relu(dy_data + at, x_data + at, mask + at, size, channels, mean_data, factor.data(),
                          slope.data(), shift.data(), dx_data + at);
    else
      input_gradient_relu_residual(dy_data + at, x_data + at, mask + at, size, channels, mean_data, factor.data(),
                                   slope.data(), shift.data(), dx_data + at, dresidual_data + at);
  });
  return {dx, dscale, doffset, dresidual};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def(
      "batch_norm_training(Tensor x, Tensor scale, Tensor offset, Tensor? residual, float epsilon, bool relu) -> "
      "(Tensor, Tensor, Tensor, Tensor)");
  library.def(
      "batch_norm_inference(Tensor x, Tensor scale, Tensor offset, Tensor mean, Tensor variance, Tensor? residual, "
      "float epsilon, bool relu) -> Tensor");
  library.def(
      "batch_norm_training_backward(Tensor dy, Tensor x, Tensor? y, Tensor scale, Tensor mean, Tensor inverse, "
      "bool relu, bool residual) -> (Tensor, Tensor, Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CPU, library) {
  library.impl("batch_norm_training", &batch_norm_training);
  library.impl("batch_norm_inference", &batch_norm_inference);
  library.impl("batch_norm_training_backward", &batch_norm_training_backward);
}

}  // namespace protocl
