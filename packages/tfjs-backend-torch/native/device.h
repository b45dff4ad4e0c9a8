// What concerns a GPU as a whole: waiting for it, its memory, and how precisely it computes.
#pragma once

#include <node_api.h>

namespace protocl {

napi_value synchronize(napi_env env, napi_callback_info info);
napi_value device_memory(napi_env env, napi_callback_info info);
napi_value reset_device_memory_peak(napi_env env, napi_callback_info info);
napi_value set_cuda_numerics(napi_env env, napi_callback_info info);
napi_value cuda_numerics(napi_env env, napi_callback_info info);

}  // namespace protocl
