// The state of the addon in one JavaScript thread: its tensors, the operators it looked up, and the
// buffer through which shapes travel to JavaScript.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <node_api.h>

#include <optional>
#include <string>
#include <vector>

namespace protocl {

// What an operator's schema says of one argument, decided once when the operator is looked up.
enum class ArgumentKind : uint8_t {
  kTensor,
  kTensorList,
  kOptionalTensorList,
  kInt,
  kIntList,
  kFloat,
  kFloatList,
  kBool,
  kBoolList,
  kScalar,
  kString,
  kDevice,
  kNoneOnly,
};

struct Argument {
  ArgumentKind kind;
  bool optional;
  bool has_default;
  c10::IValue default_value;
  std::string name;
};

struct Operator {
  c10::OperatorHandle handle;
  std::vector<Argument> arguments;
};

class Environment {
 public:
  // Stores a tensor and gives the handle that JavaScript knows it by.
  int32_t adopt(at::Tensor tensor);
  // The tensor behind a handle; throws where it was released.
  const at::Tensor& tensor(int32_t handle) const;
  void replace(int32_t handle, at::Tensor tensor);
  void release(int32_t handle);
  size_t live() const { return tensors_.size() - free_.size(); }

  // Writes dtype, rank, sizes and strides of a tensor where JavaScript reads them.
  void describe(const at::Tensor& tensor);

  std::vector<Operator> operators;
  // Float64Array shared with JavaScript: [dtype, rank, sizes…, strides…].
  double* description = nullptr;
  size_t description_length = 0;
  napi_ref description_reference = nullptr;

 private:
  std::vector<at::Tensor> tensors_;
  std::vector<int32_t> free_;
};

Environment& environment_of(napi_env env);

// Registered as JavaScript functions by addon.cc.
napi_value find_operator(napi_env env, napi_callback_info info);
napi_value call_operator(napi_env env, napi_callback_info info);

}  // namespace protocl
