// Matrix products that no setting rounds: for values whose error has a bound that the caller counts on.
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <torch/library.h>

namespace protocl {

namespace {

// bias + alpha * (a b), without TF32, which keeps 10 bits of each factor.
at::Tensor addmm_in_full_precision(const at::Tensor& bias, const at::Tensor& a, const at::Tensor& b, double alpha) {
  const at::NoTF32Guard in_full;
  return at::addmm(bias, a, b, 1, alpha);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def("addmm_in_full_precision(Tensor bias, Tensor a, Tensor b, float alpha) -> Tensor");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CompositeExplicitAutograd, library) {
  library.impl("addmm_in_full_precision", &addmm_in_full_precision);
}

}  // namespace protocl
