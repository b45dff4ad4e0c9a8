#include "device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/Allocator.h>
#if __has_include(<c10/core/CachingDeviceAllocator.h>)
#include <c10/core/CachingDeviceAllocator.h>
#endif

#include "javascript.h"
#include "torch_version.h"

#if PROTOCL_TORCH_AT_LEAST(2, 1)
#include <ATen/detail/MPSHooksInterface.h>
#endif

namespace c10 {
// Defined above where libtorch has it, in 2.9 and later.
struct DeviceAllocator;
}  // namespace c10

namespace protocl {

namespace {

napi_value only_argument(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value value;
  check(env, napi_get_cb_info(env, info, &count, &value, nullptr, nullptr));
  if (count < 1) throw std::invalid_argument("too few arguments");
  return value;
}

// `cuda` is the first card, as nothing here ever makes another one current.
c10::DeviceIndex index_of(const c10::Device& device) {
  return device.has_index() ? device.index() : static_cast<c10::DeviceIndex>(0);
}

struct DeviceMemory {
  int64_t live;
  int64_t peak;
  int64_t reserved;
};

// The statistics are read without a header of CUDA, which a machine that has PyTorch need not have. So libtorch must
// have the allocators' common base, a complete type here; the other overload serves those that lack it.
template <typename DeviceAllocator, size_t = sizeof(DeviceAllocator)>
DeviceAllocator* allocator_of(const c10::Device& device, DeviceAllocator*) {
  return device.is_cuda() ? dynamic_cast<DeviceAllocator*>(c10::GetAllocator(device.type())) : nullptr;
}
[[maybe_unused]] std::nullptr_t allocator_of(const c10::Device&, void*) { return nullptr; }

template <typename DeviceAllocator>
bool read_memory(DeviceAllocator* allocator, c10::DeviceIndex index, DeviceMemory& memory) {
  if (!allocator) return false;
  // It begins with the first tensor; until then, all is zero.
  if (!allocator->initialized()) return true;
  constexpr size_t kAggregate = 0;
  const auto statistics = allocator->getDeviceStats(index);
  const auto& allocated = statistics.allocated_bytes[kAggregate];
  memory = {allocated.current, allocated.peak, statistics.reserved_bytes[kAggregate].current};
  return true;
}
[[maybe_unused]] bool read_memory(std::nullptr_t, c10::DeviceIndex, DeviceMemory&) { return false; }

template <typename DeviceAllocator>
void reset_peak(DeviceAllocator* allocator, c10::DeviceIndex index) {
  if (allocator && allocator->initialized()) allocator->resetPeakStats(index);
}
[[maybe_unused]] void reset_peak(std::nullptr_t, c10::DeviceIndex) {}

constexpr c10::DeviceAllocator* kAnyAllocator = nullptr;

std::string precision_of_products() {
  switch (at::globalContext().float32MatmulPrecision()) {
    case at::Float32MatmulPrecision::HIGHEST: return "highest";
    case at::Float32MatmulPrecision::HIGH: return "high";
    default: return "medium";
  }
}

// Since 2.9, libtorch's way to allow TF32 in convolutions warns that there is a newer one. Of the two only this one is
// in all versions, and they may not be mixed: some of libtorch's own checks fail where the two disagree.
class Quietly {
#if PROTOCL_TORCH_AT_LEAST(2, 9)
  struct Ignore final : c10::WarningHandler {
    void process(const c10::Warning&) override {}
  };
  Ignore ignore_;
  c10::WarningUtils::WarningHandlerGuard guard_{&ignore_};
#endif
};

napi_value from_text(napi_env env, const std::string& text) {
  napi_value value;
  check(env, napi_create_string_utf8(env, text.c_str(), text.size(), &value));
  return value;
}

}  // namespace

// (device): returns when all that was started there is done
napi_value synchronize(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    const c10::Device device(to_string(env, only_argument(env, info)));
    if (device.is_cuda()) at::detail::getCUDAHooks().deviceSynchronize(index_of(device));
#if PROTOCL_TORCH_AT_LEAST(2, 1)
    if (device.is_mps()) at::detail::getMPSHooks().deviceSynchronize();
#endif
    return undefined(env);
  });
}

// (device) -> [bytes in tensors, their peak, bytes held for tensors], or undefined where libtorch cannot tell
napi_value device_memory(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    const c10::Device device(to_string(env, only_argument(env, info)));
    DeviceMemory memory{};
    if (!read_memory(allocator_of(device, kAnyAllocator), index_of(device), memory)) return undefined(env);
    napi_value list;
    check(env, napi_create_array(env, &list));
    uint32_t length = 0;
    for (const int64_t bytes : {memory.live, memory.peak, memory.reserved})
      check(env, napi_set_element(env, list, length++, from_double(env, static_cast<double>(bytes))));
    return list;
  });
}

// (device)
napi_value reset_device_memory_peak(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    const c10::Device device(to_string(env, only_argument(env, info)));
    reset_peak(allocator_of(device, kAnyAllocator), index_of(device));
    return undefined(env);
  });
}

// (precision of float32 products, whether convolutions may use TF32, whether cuDNN tries its algorithms)
napi_value set_cuda_numerics(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    size_t count = 3;
    napi_value values[3];
    check(env, napi_get_cb_info(env, info, &count, values, nullptr, nullptr));
    if (count < 3) throw std::invalid_argument("too few arguments");
    const std::string precision = to_string(env, values[0]);
    const bool tf32_convolutions = to_bool(env, values[1]);
    const bool benchmark = to_bool(env, values[2]);
    [[maybe_unused]] const Quietly quietly;
    at::globalContext().setFloat32MatmulPrecision(precision);
    at::globalContext().setAllowTF32CuDNN(tf32_convolutions);
    at::globalContext().setBenchmarkCuDNN(benchmark);
    return undefined(env);
  });
}

// () -> [precision of float32 products, whether convolutions may use TF32, whether cuDNN tries its algorithms]
napi_value cuda_numerics(napi_env env, napi_callback_info) {
  return guarded(env, [&] {
    [[maybe_unused]] const Quietly quietly;
    const at::Context& context = at::globalContext();
    napi_value list, value;
    check(env, napi_create_array(env, &list));
    check(env, napi_set_element(env, list, 0, from_text(env, precision_of_products())));
    check(env, napi_get_boolean(env, context.allowTF32CuDNN(), &value));
    check(env, napi_set_element(env, list, 1, value));
    check(env, napi_get_boolean(env, context.benchmarkCuDNN(), &value));
    check(env, napi_set_element(env, list, 2, value));
    return list;
  });
}

}  // namespace protocl
