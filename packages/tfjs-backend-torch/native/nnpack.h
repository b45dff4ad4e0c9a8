// NNPACK, the library of convolutions that libtorch has besides oneDNN.
#pragma once

#include <node_api.h>

namespace protocl {

// Leaves it out of all convolutions of the process where it has nothing to do or cannot run.
void leave_out_nnpack();

// Registered as a JavaScript function by addon.cc.
napi_value may_use_nnpack(napi_env env, napi_callback_info info);

}  // namespace protocl
