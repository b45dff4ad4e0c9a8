// Conversions between JavaScript values and C++, and the boundary at which exceptions become JavaScript errors.
#pragma once

#include <ATen/ATen.h>
#include <node_api.h>

#include <string>
#include <vector>

namespace protocl {

// A pending JavaScript exception; nothing more has to be thrown.
struct JavaScriptPending {};

inline void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) throw JavaScriptPending{};
  const napi_extended_error_info* error = nullptr;
  napi_get_last_error_info(env, &error);
  throw std::invalid_argument(error && error->error_message ? error->error_message : "invalid JavaScript value");
}

int64_t to_int64(napi_env env, napi_value value);
double to_double(napi_env env, napi_value value);
bool to_bool(napi_env env, napi_value value);
std::string to_string(napi_env env, napi_value value);
std::vector<int64_t> to_int64_list(napi_env env, napi_value value);
uint32_t list_length(napi_env env, napi_value value);
napi_value list_element(napi_env env, napi_value list, uint32_t index);
napi_valuetype type_of(napi_env env, napi_value value);

napi_value from_int32(napi_env env, int32_t value);
napi_value from_double(napi_env env, double value);
napi_value undefined(napi_env env);

// Turns the exception being handled into a JavaScript error with `code` and, for memory, `bytes`.
void throw_to_javascript(napi_env env);

// Runs a function body and lets no C++ exception out of it.
template <typename Body>
napi_value guarded(napi_env env, Body&& body) {
  try {
    return body();
  } catch (...) {
    throw_to_javascript(env);
    return nullptr;
  }
}

}  // namespace protocl
