// Tensors in and out of JavaScript.
#pragma once

#include <node_api.h>

namespace protocl {

napi_value tensor_from_data(napi_env env, napi_callback_info info);
napi_value tensor_read(napi_env env, napi_callback_info info);
napi_value tensor_release(napi_env env, napi_callback_info info);
napi_value tensor_replace(napi_env env, napi_callback_info info);
napi_value tensor_describe(napi_env env, napi_callback_info info);
napi_value tensor_is_shared(napi_env env, napi_callback_info info);

}  // namespace protocl
