#include "javascript.h"

#include <c10/util/Exception.h>

#include <cmath>

#include "allocator.h"

namespace protocl {

namespace {

void throw_error(napi_env env, const char* code, const std::string& message, double bytes) {
  napi_value code_value, message_value, error, bytes_value;
  napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &code_value);
  napi_create_string_utf8(env, message.c_str(), message.size(), &message_value);
  if (napi_create_error(env, code_value, message_value, &error) != napi_ok) return;
  if (bytes >= 0) {
    napi_create_double(env, bytes, &bytes_value);
    napi_set_named_property(env, error, "bytes", bytes_value);
  }
  napi_throw(env, error);
}

}  // namespace

napi_valuetype type_of(napi_env env, napi_value value) {
  napi_valuetype type;
  check(env, napi_typeof(env, value, &type));
  return type;
}

double to_double(napi_env env, napi_value value) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) throw std::invalid_argument("expected a number");
  return number;
}

int64_t to_int64(napi_env env, napi_value value) {
  const double number = to_double(env, value);
  // 2^63 as a double; the comparison is false for NaN as well.
  if (!(std::fabs(number) < 9223372036854775808.0) || number != std::floor(number))
    throw std::invalid_argument("expected an integer, got " + std::to_string(number));
  return static_cast<int64_t>(number);
}

bool to_bool(napi_env env, napi_value value) {
  bool result;
  if (napi_get_value_bool(env, value, &result) != napi_ok) throw std::invalid_argument("expected true or false");
  return result;
}

std::string to_string(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok)
    throw std::invalid_argument("expected a string");
  std::string text(length, '\0');
  check(env, napi_get_value_string_utf8(env, value, text.data(), length + 1, &length));
  return text;
}

uint32_t list_length(napi_env env, napi_value value) {
  uint32_t length;
  if (napi_get_array_length(env, value, &length) != napi_ok) throw std::invalid_argument("expected an array");
  return length;
}

napi_value list_element(napi_env env, napi_value list, uint32_t index) {
  napi_value element;
  check(env, napi_get_element(env, list, index, &element));
  return element;
}

std::vector<int64_t> to_int64_list(napi_env env, napi_value value) {
  std::vector<int64_t> list(list_length(env, value));
  for (uint32_t i = 0; i < list.size(); ++i) list[i] = to_int64(env, list_element(env, value, i));
  return list;
}

napi_value from_int32(napi_env env, int32_t value) {
  napi_value result;
  check(env, napi_create_int32(env, value, &result));
  return result;
}

napi_value from_double(napi_env env, double value) {
  napi_value result;
  check(env, napi_create_double(env, value, &result));
  return result;
}

napi_value undefined(napi_env env) {
  napi_value result;
  check(env, napi_get_undefined(env, &result));
  return result;
}

void throw_to_javascript(napi_env env) {
  try {
    throw;
  } catch (const JavaScriptPending&) {
    // Node already holds the exception.
  } catch (const c10::OutOfMemoryError& error) {
    throw_error(env, "OUT_OF_MEMORY", error.what_without_backtrace(), last_refused_bytes());
  } catch (const std::bad_alloc&) {
    throw_error(env, "OUT_OF_MEMORY", "the system gave no memory", last_refused_bytes());
  } catch (const c10::IndexError& error) {
    throw_error(env, "INDEX_OUT_OF_RANGE", error.what_without_backtrace(), -1);
  } catch (const c10::Error& error) {
    throw_error(env, "TORCH_ERROR", error.what_without_backtrace(), -1);
  } catch (const std::invalid_argument& error) {
    throw_error(env, "INVALID_ARGUMENT", error.what(), -1);
  } catch (const std::exception& error) {
    throw_error(env, "TORCH_ERROR", error.what(), -1);
  } catch (...) {
    throw_error(env, "TORCH_ERROR", "an exception of unknown type", -1);
  }
}

}  // namespace protocl
