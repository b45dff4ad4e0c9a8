// The addon's entry: what JavaScript sees, and the state of one JavaScript thread.
#include <ATen/Parallel.h>
#include <ATen/Context.h>

#include "allocator.h"
#include "device.h"
#include "environment.h"
#include "javascript.h"
#include "nnpack.h"
#include "parallel_products.h"
#include "profiler.h"
#include "tensors.h"
#include "torch_version.h"

namespace protocl {

Environment& environment_of(napi_env env) {
  void* data = nullptr;
  check(env, napi_get_instance_data(env, &data));
  return *static_cast<Environment*>(data);
}

namespace {

// (Float64Array): where descriptions are written from now on
napi_value bind_description(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    size_t count = 1;
    napi_value value;
    check(env, napi_get_cb_info(env, info, &count, &value, nullptr, nullptr));
    napi_typedarray_type type;
    size_t length;
    void* data;
    if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_float64_array)
      throw std::invalid_argument("expected a Float64Array");
    Environment& environment = environment_of(env);
    if (environment.description_reference) napi_delete_reference(env, environment.description_reference);
    check(env, napi_create_reference(env, value, 1, &environment.description_reference));
    environment.description = static_cast<double*>(data);
    environment.description_length = length;
    return undefined(env);
  });
}

// (number of threads): libtorch's, and those of an OpenBLAS that keeps a count of its own
napi_value set_threads(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    size_t count = 1;
    napi_value value;
    check(env, napi_get_cb_info(env, info, &count, &value, nullptr, nullptr));
    const int64_t threads = to_int64(env, value);
    if (threads < 1 || threads > 4096) throw std::invalid_argument("the number of threads must be 1 to 4096");
    at::set_num_threads(static_cast<int>(threads));
    if (openblas_set_num_threads) openblas_set_num_threads(static_cast<int>(threads));
    return undefined(env);
  });
}

napi_value threads(napi_env env, napi_callback_info) {
  return guarded(env, [&] { return from_int32(env, at::get_num_threads()); });
}

// (bytes)
napi_value set_memory_limit(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    size_t count = 1;
    napi_value value;
    check(env, napi_get_cb_info(env, info, &count, &value, nullptr, nullptr));
    const int64_t bytes = to_int64(env, value);
    if (bytes < 1) throw std::invalid_argument("the memory limit must be positive");
    set_allocator_limit(static_cast<uint64_t>(bytes));
    return undefined(env);
  });
}

// () -> [live bytes, cached bytes, peak of the live bytes, limit, tensors of this thread]
napi_value memory(napi_env env, napi_callback_info) {
  return guarded(env, [&] {
    const AllocatorStatistics statistics = allocator_statistics();
    const double numbers[] = {
        static_cast<double>(statistics.live_bytes), static_cast<double>(statistics.cached_bytes),
        static_cast<double>(statistics.peak_live_bytes), static_cast<double>(statistics.limit_bytes),
        static_cast<double>(environment_of(env).live())};
    napi_value list;
    check(env, napi_create_array(env, &list));
    uint32_t length = 0;
    for (const double number : numbers) check(env, napi_set_element(env, list, length++, from_double(env, number)));
    return list;
  });
}

// () -> whether the memory of tensors is counted here
napi_value counts_memory(napi_env env, napi_callback_info) {
  return guarded(env, [&] { return from_int32(env, install_allocator() ? 1 : 0); });
}

napi_value release_cache(napi_env env, napi_callback_info) {
  return guarded(env, [&] {
    release_cached_blocks();
    return undefined(env);
  });
}

// () -> "2.13.0"
napi_value version(napi_env env, napi_callback_info) {
  return guarded(env, [&] {
    napi_value text;
    check(env, napi_create_string_utf8(env, TORCH_VERSION, NAPI_AUTO_LENGTH, &text));
    return text;
  });
}

// () -> number of CUDA devices
napi_value cuda_devices(napi_env env, napi_callback_info) {
  return guarded(env, [&] {
    return from_int32(env, at::hasCUDA() ? static_cast<int32_t>(at::detail::getCUDAHooks().getNumGPUs()) : 0);
  });
}

napi_value has_mps(napi_env env, napi_callback_info) {
  return guarded(env, [&] { return from_int32(env, at::hasMPS() ? 1 : 0); });
}

napi_value initialize(napi_env env, napi_value exports) {
  return guarded(env, [&] {
    install_allocator();
    leave_out_nnpack();
    auto environment = std::make_unique<Environment>();
    check(env, napi_set_instance_data(
                   env, environment.get(), [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); },
                   nullptr));
    environment.release();
    const std::pair<const char*, napi_callback> functions[] = {
        {"findOperator", find_operator},     {"callOperator", call_operator},
        {"fromData", tensor_from_data},      {"read", tensor_read},
        {"release", tensor_release},         {"replace", tensor_replace},
        {"describe", tensor_describe},       {"isShared", tensor_is_shared},
        {"bindDescription", bind_description}, {"setThreads", set_threads},
        {"threads", threads},                {"setMemoryLimit", set_memory_limit},
        {"memory", memory},                  {"releaseCache", release_cache},
        {"countsMemory", counts_memory},
        {"version", version},                {"cudaDevices", cuda_devices},
        {"hasMps", has_mps},                 {"mayUseNnpack", may_use_nnpack},
        {"synchronize", synchronize},
        {"deviceMemory", device_memory},     {"resetDeviceMemoryPeak", reset_device_memory_peak},
        {"setCudaNumerics", set_cuda_numerics}, {"cudaNumerics", cuda_numerics},
        {"startProfiler", start_profiler},   {"stopProfiler", stop_profiler},
    };
    for (const auto& [name, callback] : functions) {
      napi_value function;
      check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function));
      check(env, napi_set_named_property(env, exports, name, function));
    }
    return exports;
  });
}

}  // namespace

}  // namespace protocl

NAPI_MODULE_INIT() { return protocl::initialize(env, exports); }
