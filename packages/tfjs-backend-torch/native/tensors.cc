#include "tensors.h"

#include <c10/core/InferenceMode.h>

#include <cstring>

#include "environment.h"
#include "javascript.h"

namespace protocl {

namespace {

constexpr size_t kMostRank = 64;

struct Bytes {
  void* data;
  size_t length;
  napi_typedarray_type type;
};

Bytes to_bytes(napi_env env, napi_value value) {
  size_t length = 0;
  Bytes bytes{nullptr, 0, napi_uint8_array};
  if (napi_get_typedarray_info(env, value, &bytes.type, &length, &bytes.data, nullptr, nullptr) != napi_ok)
    throw std::invalid_argument("expected a typed array");
  switch (bytes.type) {
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array: bytes.length = length * 8; break;
    case napi_float32_array:
    case napi_int32_array:
    case napi_uint32_array: bytes.length = length * 4; break;
    case napi_int16_array:
    case napi_uint16_array: bytes.length = length * 2; break;
    default: bytes.length = length;
  }
  return bytes;
}

at::ScalarType to_scalar_type(const std::string& name) {
  if (name == "float32") return at::kFloat;
  if (name == "int32") return at::kInt;
  if (name == "bool") return at::kBool;
  if (name == "complex64") return at::kComplexFloat;
  if (name == "uint8") return at::kByte;
  throw std::invalid_argument("tensors of type " + name + " do not exist");
}

template <size_t Most>
void arguments(napi_env env, napi_callback_info info, napi_value (&values)[Most]) {
  size_t count = Most;
  check(env, napi_get_cb_info(env, info, &count, values, nullptr, nullptr));
  if (count < Most) throw std::invalid_argument("too few arguments");
}

int32_t to_handle(napi_env env, napi_value value) { return static_cast<int32_t>(to_int64(env, value)); }

// Larger uploads are rare, and locked memory is kept for later ones.
constexpr size_t kMostPinnedBytes = size_t{1} << 29;

void require_fitting(const at::Tensor& tensor, const Bytes& bytes) {
  if (tensor.nbytes() == bytes.length) return;
  throw std::invalid_argument("the shape needs " + std::to_string(tensor.nbytes()) + " bytes, the array has " +
                              std::to_string(bytes.length));
}

// A copy of the bytes on the CPU; in page-locked memory a GPU can read it while the program goes on.
at::Tensor to_host(const Bytes& bytes, const std::vector<int64_t>& shape, at::ScalarType type, bool pinned) {
  const at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(type).pinned_memory(pinned));
  require_fitting(tensor, bytes);
  if (bytes.length) std::memcpy(tensor.data_ptr(), bytes.data, bytes.length);
  return tensor;
}

// The first element of a typed array of the given type.
at::Scalar first_value(const Bytes& bytes, at::ScalarType type) {
  switch (type) {
    case at::kFloat: return *static_cast<const float*>(bytes.data);
    case at::kInt: return *static_cast<const int32_t*>(bytes.data);
    case at::kBool: return *static_cast<const uint8_t*>(bytes.data) != 0;
    default: return *static_cast<const uint8_t*>(bytes.data);
  }
}

// A copy of the bytes on CUDA, made without waiting for what the device has been given to do. A single value travels
// with the call that writes it. Others go through page-locked memory, which libtorch does not give to anybody else
// before the device has read it.
at::Tensor to_cuda(const Bytes& bytes, const std::vector<int64_t>& shape, at::ScalarType type, c10::Device device) {
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(type).device(device));
  require_fitting(tensor, bytes);
  if (bytes.length == 0) return tensor;
  if (tensor.numel() == 1 && !at::isComplexType(type)) return tensor.fill_(first_value(bytes, type));
  const bool pinned = bytes.length <= kMostPinnedBytes;
  return tensor.copy_(to_host(bytes, shape, type, pinned), /*non_blocking=*/pinned);
}

}  // namespace

int32_t Environment::adopt(at::Tensor tensor) {
  if (free_.empty()) {
    tensors_.push_back(std::move(tensor));
    return static_cast<int32_t>(tensors_.size() - 1);
  }
  const int32_t handle = free_.back();
  free_.pop_back();
  tensors_[handle] = std::move(tensor);
  return handle;
}

const at::Tensor& Environment::tensor(int32_t handle) const {
  if (handle < 0 || handle >= static_cast<int64_t>(tensors_.size()) || !tensors_[handle].defined())
    throw std::invalid_argument("the tensor was disposed");
  return tensors_[handle];
}

void Environment::replace(int32_t handle, at::Tensor tensor) {
  this->tensor(handle);
  tensors_[handle] = std::move(tensor);
}

void Environment::release(int32_t handle) {
  tensor(handle);
  tensors_[handle] = at::Tensor();
  free_.push_back(handle);
}

void Environment::describe(const at::Tensor& tensor) {
  if (!description || !tensor.defined()) return;
  const size_t rank = static_cast<size_t>(tensor.dim());
  if (rank > kMostRank || 2 + 2 * rank > description_length)
    throw std::invalid_argument("tensors of rank " + std::to_string(rank) + " are not supported");
  description[0] = static_cast<double>(tensor.scalar_type());
  description[1] = static_cast<double>(rank);
  for (size_t i = 0; i < rank; ++i) {
    description[2 + i] = static_cast<double>(tensor.size(i));
    description[2 + rank + i] = static_cast<double>(tensor.stride(i));
  }
}

// (typed array, shape, data type, device) -> handle; the values are copied
napi_value tensor_from_data(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    napi_value values[4];
    arguments(env, info, values);
    const Bytes bytes = to_bytes(env, values[0]);
    const std::vector<int64_t> shape = to_int64_list(env, values[1]);
    const at::ScalarType type = to_scalar_type(to_string(env, values[2]));
    const c10::Device device(to_string(env, values[3]));
    const c10::InferenceMode inference;
    at::Tensor tensor = device.is_cuda() ? to_cuda(bytes, shape, type, device) : to_host(bytes, shape, type, false);
    if (tensor.device().type() != device.type()) tensor = tensor.to(device);
    return from_int32(env, environment_of(env).adopt(std::move(tensor)));
  });
}

// (handle, typed array) -> undefined; fills the array
napi_value tensor_read(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    napi_value values[2];
    arguments(env, info, values);
    const c10::InferenceMode inference;
    const at::Tensor tensor = environment_of(env).tensor(to_handle(env, values[0])).cpu().contiguous().resolve_conj();
    const Bytes bytes = to_bytes(env, values[1]);
    if (tensor.nbytes() != bytes.length)
      throw std::invalid_argument("the tensor has " + std::to_string(tensor.nbytes()) + " bytes, the array " +
                                  std::to_string(bytes.length));
    if (bytes.length) std::memcpy(bytes.data, tensor.data_ptr(), bytes.length);
    return undefined(env);
  });
}

// (handle)
napi_value tensor_release(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    napi_value values[1];
    arguments(env, info, values);
    environment_of(env).release(to_handle(env, values[0]));
    return undefined(env);
  });
}

// (handle, other handle): the first now names the second's tensor, the second is released
napi_value tensor_replace(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    napi_value values[2];
    arguments(env, info, values);
    Environment& environment = environment_of(env);
    const int32_t other = to_handle(env, values[1]);
    environment.replace(to_handle(env, values[0]), environment.tensor(other));
    environment.release(other);
    return undefined(env);
  });
}

// (handle): writes the description buffer
napi_value tensor_describe(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    napi_value values[1];
    arguments(env, info, values);
    Environment& environment = environment_of(env);
    environment.describe(environment.tensor(to_handle(env, values[0])));
    return undefined(env);
  });
}

// (handle) -> 1 where another tensor uses the same memory
napi_value tensor_is_shared(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    napi_value values[1];
    arguments(env, info, values);
    const at::Tensor& tensor = environment_of(env).tensor(to_handle(env, values[0]));
    return from_int32(env, tensor.use_count() > 1 || tensor.storage().use_count() > 1 ? 1 : 0);
  });
}

}  // namespace protocl
