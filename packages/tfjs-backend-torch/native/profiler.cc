#include "profiler.h"

#include <torch/csrc/autograd/profiler_kineto.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>

#include "javascript.h"

namespace protocl {

namespace {

namespace profiler = torch::autograd::profiler;

std::set<profiler::ActivityType> activities(bool cuda) {
  std::set<profiler::ActivityType> result{profiler::ActivityType::CPU};
  if (cuda) result.insert(profiler::ActivityType::CUDA);
  return result;
}

// There is one profiler in a process, for all threads of JavaScript.
std::atomic<bool> is_running{false};

// libtorch counts in nanoseconds since 2.4, in microseconds before.
template <typename Event>
auto start_of(const Event& event, int) -> decltype(event.startNs()) {
  return event.startNs();
}
template <typename Event>
uint64_t start_of(const Event& event, long) {
  return event.startUs() * 1000;
}
template <typename Event>
auto duration_of(const Event& event, int) -> decltype(event.durationNs()) {
  return event.durationNs();
}
template <typename Event>
uint64_t duration_of(const Event& event, long) {
  return event.durationUs() * 1000;
}

// An operator's name as JavaScript knows it, without the namespace that is this build's own.
std::string public_name(const std::string& name) {
  static const std::string ours = C10_STRINGIZE(PROTOCL_NAMESPACE) "::";
  return name.compare(0, ours.size(), ours) == 0 ? "protocl::" + name.substr(ours.size()) : name;
}

}  // namespace

// (whether CUDA's kernels are of interest) -> 1, or 0 where the profiler runs already
napi_value start_profiler(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    size_t count = 1;
    napi_value value;
    check(env, napi_get_cb_info(env, info, &count, &value, nullptr, nullptr));
    const auto wanted = activities(to_bool(env, value));
    // libkineto reports each start and stop on standard error, above the level of its errors.
    setenv("KINETO_LOG_LEVEL", "99", /*overwrite=*/0);
    if (is_running.exchange(true)) return from_int32(env, 0);
    try {
      const profiler::ProfilerConfig config(profiler::ProfilerState::KINETO);
      profiler::prepareProfiler(config, wanted);
      // Functions only: what scripts and users mark are no operators.
      profiler::enableProfiler(config, wanted, {at::RecordScope::FUNCTION});
    } catch (...) {
      is_running = false;
      throw;
    }
    return from_int32(env, 1);
  });
}

// () -> [names, [kind of activity, thread, start, duration, ...]], in nanoseconds since the first start
napi_value stop_profiler(napi_env env, napi_callback_info) {
  return guarded(env, [&] {
    is_running = false;
    const std::unique_ptr<profiler::ProfilerResult> result = profiler::disableProfiler();
    const std::vector<profiler::KinetoEvent>& events = result->events();
    uint64_t first = std::numeric_limits<uint64_t>::max();
    for (const auto& event : events) first = std::min<uint64_t>(first, start_of(event, 0));
    napi_value both, names, numbers;
    check(env, napi_create_array(env, &both));
    check(env, napi_create_array_with_length(env, events.size(), &names));
    check(env, napi_create_array_with_length(env, 4 * events.size(), &numbers));
    uint32_t name_count = 0, number_count = 0;
    for (const auto& event : events) {
      const std::string name = public_name(event.name());
      napi_value text;
      check(env, napi_create_string_utf8(env, name.c_str(), name.size(), &text));
      check(env, napi_set_element(env, names, name_count++, text));
      for (const uint64_t number : {uint64_t{event.activityType()}, event.startThreadId(),
                                    start_of(event, 0) - first, duration_of(event, 0)})
        check(env, napi_set_element(env, numbers, number_count++, from_double(env, static_cast<double>(number))));
    }
    check(env, napi_set_element(env, both, 0, names));
    check(env, napi_set_element(env, both, 1, numbers));
    return both;
  });
}

}  // namespace protocl
