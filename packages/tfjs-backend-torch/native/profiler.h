// What operators and the kernels of a GPU take, by libtorch's profiler (kineto).
#pragma once

#include <node_api.h>

namespace protocl {

napi_value start_profiler(napi_env env, napi_callback_info info);
napi_value stop_profiler(napi_env env, napi_callback_info info);

}  // namespace protocl
