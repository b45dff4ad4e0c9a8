// Matrix products that no setting rounds: for values whose error has a bound that the caller counts on.
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <torch/library.h>

namespace protocl {

namespace {

// a b without TF32, which keeps 10 bits of each factor. (With a bias libtorch has another routine for it, which does not
// ask for the guard.)
at::Tensor mm_in_full_precision(const at::Tensor& a, const at::Tensor& b) {
  const at::NoTF32Guard in_full;
  return at::mm(a, b);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(PROTOCL_NAMESPACE, library) {
  library.def("mm_in_full_precision(Tensor a, Tensor b) -> Tensor");
}

TORCH_LIBRARY_IMPL(PROTOCL_NAMESPACE, CompositeExplicitAutograd, library) {
  library.impl("mm_in_full_precision", &mm_in_full_precision);
}

}  // namespace protocl
