#include "nnpack.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>

#include "javascript.h"

namespace protocl {

namespace {

// libtorch asks NNPACK whether it can run before each convolution that oneDNN leaves, the small ones of one image, and
// then computes them without it: it takes batches of 16 and more, and those are oneDNN's. On processors that it does
// not know, virtual ones above all, the question puts a warning on stderr. Where there is no oneDNN (Apple's
// processors) NNPACK stays, if it can run.
//
// The setting is there since libtorch 2.3; the other overloads serve those that lack it.
template <typename Context>
auto leave_out(Context& context, int) -> decltype(context.setUserEnabledNNPACK(false)) {
  if (at::hasMKLDNN() || !at::_nnpack_available()) context.setUserEnabledNNPACK(false);
}
template <typename Context>
void leave_out(Context&, long) {}

template <typename Context>
auto is_left(const Context& context, int) -> decltype(context.userEnabledNNPACK()) {
  return context.userEnabledNNPACK();
}
template <typename Context>
bool is_left(const Context&, long) {
  return true;
}

}  // namespace

void leave_out_nnpack() {
  // Once: threads that start later would write it while others read it.
  [[maybe_unused]] static const bool done = (leave_out(at::globalContext(), 0), true);
}

// () -> whether convolutions may ask for it
napi_value may_use_nnpack(napi_env env, napi_callback_info) {
  return guarded(env, [&] { return from_int32(env, is_left(at::globalContext(), 0) ? 1 : 0); });
}

}  // namespace protocl
