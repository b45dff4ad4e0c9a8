// Calls any libtorch operator by its name: the schema says how each JavaScript argument converts.
#include <ATen/core/stack.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <unordered_map>

#include "environment.h"
#include "javascript.h"
#include "torch_version.h"

namespace protocl {

namespace {

constexpr size_t kMostArguments = 24;

const std::unordered_map<std::string, int64_t>& enumerators() {
  // libtorch's schemas carry data types, layouts and memory formats as integers.
  static const std::unordered_map<std::string, int64_t> table = {
      {"float32", static_cast<int64_t>(at::kFloat)},
      {"float64", static_cast<int64_t>(at::kDouble)},
      {"int32", static_cast<int64_t>(at::kInt)},
      {"int64", static_cast<int64_t>(at::kLong)},
      {"uint8", static_cast<int64_t>(at::kByte)},
      {"bool", static_cast<int64_t>(at::kBool)},
      {"complex64", static_cast<int64_t>(at::kComplexFloat)},
      {"strided", static_cast<int64_t>(at::kStrided)},
      {"contiguous", static_cast<int64_t>(at::MemoryFormat::Contiguous)},
      {"preserve", static_cast<int64_t>(at::MemoryFormat::Preserve)},
      {"channels_last", static_cast<int64_t>(at::MemoryFormat::ChannelsLast)},
      {"channels_last_3d", static_cast<int64_t>(at::MemoryFormat::ChannelsLast3d)},
  };
  return table;
}

ArgumentKind scalar_kind(c10::TypeKind kind) {
  switch (kind) {
    case c10::TypeKind::TensorType: return ArgumentKind::kTensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return ArgumentKind::kInt;
    case c10::TypeKind::FloatType: return ArgumentKind::kFloat;
    case c10::TypeKind::BoolType: return ArgumentKind::kBool;
    case c10::TypeKind::NumberType: return ArgumentKind::kScalar;
    case c10::TypeKind::StringType: return ArgumentKind::kString;
    case c10::TypeKind::DeviceObjType: return ArgumentKind::kDevice;
    default: return ArgumentKind::kNoneOnly;
  }
}

ArgumentKind list_kind(const c10::TypePtr& element) {
  if (element->kind() == c10::TypeKind::OptionalType) return ArgumentKind::kOptionalTensorList;
  switch (scalar_kind(element->kind())) {
    case ArgumentKind::kTensor: return ArgumentKind::kTensorList;
    case ArgumentKind::kInt: return ArgumentKind::kIntList;
    case ArgumentKind::kFloat: return ArgumentKind::kFloatList;
    case ArgumentKind::kBool: return ArgumentKind::kBoolList;
    default: return ArgumentKind::kNoneOnly;
  }
}

Argument read_argument(const c10::Argument& argument) {
  c10::TypePtr type = argument.type();
  Argument result{ArgumentKind::kNoneOnly, false, false, {}, argument.name()};
  if (type->kind() == c10::TypeKind::OptionalType) {
    result.optional = true;
    type = type->expectRef<c10::OptionalType>().getElementType();
  }
  result.kind = type->kind() == c10::TypeKind::ListType
                    ? list_kind(type->expectRef<c10::ListType>().getElementType())
                    : scalar_kind(type->kind());
  if (argument.default_value().has_value()) {
    result.has_default = true;
    result.default_value = *argument.default_value();
  }
  return result;
}

// libtorch does not check an enumerator's number, and reads beyond its tables with a wrong one.
bool is_enumerated(const Argument& argument) {
  return argument.name == "dtype" || argument.name == "layout" || argument.name == "memory_format";
}

int64_t to_int_or_enumerator(napi_env env, const Argument& argument, napi_value value) {
  if (type_of(env, value) != napi_string) {
    if (is_enumerated(argument)) throw std::invalid_argument("expected a name");
    return to_int64(env, value);
  }
  const auto found = enumerators().find(to_string(env, value));
  if (found == enumerators().end()) throw std::invalid_argument("unknown name " + to_string(env, value));
  return found->second;
}

c10::IValue to_scalar(napi_env env, napi_value value) {
  if (type_of(env, value) == napi_boolean) return to_bool(env, value);
  const double number = to_double(env, value);
  // An integral scalar must not turn an integer tensor into floats; a negative zero must stay one.
  const bool integral = number == std::floor(number) && std::fabs(number) < 9007199254740992.0 &&
                        !(number == 0 && std::signbit(number));
  if (integral) return static_cast<int64_t>(number);
  return number;
}

c10::IValue to_ivalue(napi_env env, const Environment& environment, const Argument& argument, napi_value value) {
  switch (argument.kind) {
    case ArgumentKind::kTensor: return environment.tensor(static_cast<int32_t>(to_int64(env, value)));
    case ArgumentKind::kTensorList: {
      std::vector<at::Tensor> list;
      const uint32_t length = list_length(env, value);
      list.reserve(length);
      for (uint32_t i = 0; i < length; ++i)
        list.push_back(environment.tensor(static_cast<int32_t>(to_int64(env, list_element(env, value, i)))));
      return list;
    }
    case ArgumentKind::kOptionalTensorList: {
      c10::List<OptionalTensor> list;
      const uint32_t length = list_length(env, value);
      for (uint32_t i = 0; i < length; ++i) {
        const napi_value element = list_element(env, value, i);
        if (type_of(env, element) == napi_null)
          list.push_back(OptionalTensor());
        else
          list.push_back(OptionalTensor(environment.tensor(static_cast<int32_t>(to_int64(env, element)))));
      }
      return list;
    }
    case ArgumentKind::kInt: return to_int_or_enumerator(env, argument, value);
    case ArgumentKind::kIntList: return to_int64_list(env, value);
    case ArgumentKind::kFloat: return to_double(env, value);
    case ArgumentKind::kFloatList: {
      std::vector<double> list(list_length(env, value));
      for (uint32_t i = 0; i < list.size(); ++i) list[i] = to_double(env, list_element(env, value, i));
      return list;
    }
    case ArgumentKind::kBool: return to_bool(env, value);
    case ArgumentKind::kBoolList: {
      c10::List<bool> list;
      const uint32_t length = list_length(env, value);
      for (uint32_t i = 0; i < length; ++i) list.push_back(to_bool(env, list_element(env, value, i)));
      return list;
    }
    case ArgumentKind::kScalar: return to_scalar(env, value);
    case ArgumentKind::kString: return to_string(env, value);
    case ArgumentKind::kDevice: return c10::Device(to_string(env, value));
    case ArgumentKind::kNoneOnly: break;
  }
  throw std::invalid_argument("this kind of argument takes null only");
}

void push_argument(napi_env env, const Environment& environment, const Argument& argument, napi_value value,
                   torch::jit::Stack& stack) {
  const napi_valuetype type = value ? type_of(env, value) : napi_undefined;
  if (type == napi_undefined) {
    if (!argument.has_default) throw std::invalid_argument("argument '" + argument.name + "' is missing");
    stack.push_back(argument.default_value);
  } else if (type == napi_null) {
    if (!argument.optional) throw std::invalid_argument("argument '" + argument.name + "' may not be null");
    stack.emplace_back();
  } else {
    try {
      stack.push_back(to_ivalue(env, environment, argument, value));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument("argument '" + argument.name + "': " + error.what());
    }
  }
}

void append_result(napi_env env, Environment& environment, const c10::IValue& value, napi_value list,
                   uint32_t& length) {
  napi_value element;
  if (value.isTensor()) {
    element = from_int32(env, value.toTensor().defined() ? environment.adopt(value.toTensor()) : -1);
  } else if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector())
      append_result(env, environment, tensor, list, length);
    return;
  } else if (value.isInt()) {
    element = from_double(env, static_cast<double>(value.toInt()));
  } else if (value.isBool()) {
    element = from_double(env, value.toBool() ? 1 : 0);
  } else if (value.isDouble()) {
    element = from_double(env, value.toDouble());
  } else {
    throw std::invalid_argument("an operator's result of type " + value.tagKind() + " cannot go to JavaScript");
  }
  check(env, napi_set_element(env, list, length++, element));
}

// libtorch keeps operators of one name once in a process, and two builds of this addon may be loaded into it, as by two
// versions of the package. So each build has its own under a namespace of its own, where "protocl::" leads.
std::string qualified(const std::string& name) {
  static const std::string ours = "protocl::";
  if (name.compare(0, ours.size(), ours) != 0) return name;
  return C10_STRINGIZE(PROTOCL_NAMESPACE) "::" + name.substr(ours.size());
}

}  // namespace

// (name, overload) -> the operator's number
napi_value find_operator(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    size_t count = 2;
    napi_value values[2];
    check(env, napi_get_cb_info(env, info, &count, values, nullptr, nullptr));
    const std::string name = qualified(to_string(env, values[0]));
    const std::string overload = to_string(env, values[1]);
    Environment& environment = environment_of(env);
    Operator found{c10::Dispatcher::singleton().findSchemaOrThrow(name.c_str(), overload.c_str()), {}};
    for (const c10::Argument& argument : found.handle.schema().arguments())
      found.arguments.push_back(read_argument(argument));
    if (found.arguments.size() >= kMostArguments) throw std::invalid_argument(name + " has too many arguments");
    environment.operators.push_back(std::move(found));
    return from_int32(env, static_cast<int32_t>(environment.operators.size() - 1));
  });
}

// (operator's number, ...arguments) -> handle, or an array where the operator returns several things or a list
napi_value call_operator(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    size_t count = kMostArguments;
    napi_value values[kMostArguments];
    check(env, napi_get_cb_info(env, info, &count, values, nullptr, nullptr));
    Environment& environment = environment_of(env);
    const int64_t number = count > 0 ? to_int64(env, values[0]) : -1;
    if (number < 0 || number >= static_cast<int64_t>(environment.operators.size()))
      throw std::invalid_argument("no operator has the number " + std::to_string(number));
    const Operator& called = environment.operators[number];
    if (count - 1 > called.arguments.size()) throw std::invalid_argument("too many arguments");

    // tfjs records its own tape, so libtorch's autograd bookkeeping would only cost time and memory.
    const c10::InferenceMode inference;
    torch::jit::Stack stack;
    stack.reserve(called.arguments.size());
    for (size_t i = 0; i < called.arguments.size(); ++i)
      push_argument(env, environment, called.arguments[i], i + 1 < count ? values[i + 1] : nullptr, stack);
    called.handle.callBoxed(stack);

    if (stack.size() == 1 && stack[0].isTensor()) {
      const at::Tensor& tensor = stack[0].toTensor();
      environment.describe(tensor);
      return from_int32(env, environment.adopt(tensor));
    }
    napi_value list;
    check(env, napi_create_array(env, &list));
    uint32_t length = 0;
    for (const c10::IValue& value : stack) append_result(env, environment, value, list, length);
    return list;
  });
}

}  // namespace protocl
