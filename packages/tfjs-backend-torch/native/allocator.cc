#include "allocator.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "torch_version.h"

namespace protocl {

namespace {

constexpr size_t kAlignment = 64;
// Below this, malloc's own bins are as good and the map look-up would cost more.
constexpr size_t kSmallest = 4096;
// Cached blocks may make up a quarter of the live bytes, but never less than this floor in total.
constexpr uint64_t kCacheFloor = 192ull << 20;
// A cached block serves a smaller request if at most an eighth of it is wasted.
constexpr size_t kWasteDivisor = 8;
// Requests to the system from this size on are first compared with the memory that is available.
constexpr size_t kCheckedSize = 16 << 20;

// Blocks from this size on are mappings of their own.
constexpr size_t kMapped = 1 << 20;
constexpr size_t kHuge = 2 << 20;

thread_local double refused_bytes = -1;

size_t rounded(size_t bytes) {
  const size_t step = bytes < kSmallest ? kAlignment : bytes < kMapped ? 4096 : 65536;
  return (bytes + step - 1) / step * step;
}

// Bytes that the system could still give, as Linux tells it; elsewhere unlimited.
uint64_t available_bytes() {
  std::FILE* file = std::fopen("/proc/meminfo", "r");
  if (!file) return std::numeric_limits<uint64_t>::max();
  char line[128];
  unsigned long long kilobytes = 0;
  uint64_t result = std::numeric_limits<uint64_t>::max();
  while (std::fgets(line, sizeof line, file)) {
    if (std::sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1) {
      result = kilobytes * 1024;
      break;
    }
  }
  std::fclose(file);
  return result;
}

void* map(size_t size) {
  void* block = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return block == MAP_FAILED ? nullptr : block;
}

// A mapping that begins at the border of a huge page, which most systems give only to those who ask: with them a
// convolution misses fewer address translations, and a fresh block costs one page fault instead of 512.
void* map_huge(size_t size) {
#ifdef MADV_HUGEPAGE
  char* whole = static_cast<char*>(map(size + kHuge));
  if (!whole) return nullptr;
  const size_t before = (kHuge - reinterpret_cast<uintptr_t>(whole) % kHuge) % kHuge;
  if (before) munmap(whole, before);
  if (before < kHuge) munmap(whole + before + size, kHuge - before);
  madvise(whole + before, size, MADV_HUGEPAGE);
  return whole + before;
#else
  return map(size);
#endif
}

// Large blocks are mapped one by one. From malloc they would come out of its heap once it has seen a few of them,
// and what is freed there stays resident between the blocks that live.
void* system_allocate(size_t size) {
  void* block = nullptr;
  if (size < kMapped) return posix_memalign(&block, kAlignment, size) == 0 ? block : nullptr;
  return size < kHuge ? map(size) : map_huge(size);
}

void system_free(void* block, size_t size) {
  if (size < kMapped)
    std::free(block);
  else
    munmap(block, size);
}

class CachingAllocator final : public at::Allocator {
 public:
#if PROTOCL_TORCH_AT_LEAST(2, 2)
  at::DataPtr allocate(size_t bytes) override { return allocate_block(bytes); }
  void copy_data(void* target, const void* source, size_t bytes) const override {
    std::memcpy(target, source, bytes);
  }
#else
  at::DataPtr allocate(size_t bytes) const override {
    return const_cast<CachingAllocator*>(this)->allocate_block(bytes);
  }
#endif
  at::DeleterFnPtr raw_deleter() const override { return &free_block; }

  AllocatorStatistics statistics() {
    std::lock_guard<std::mutex> lock(mutex_);
    return {live_, cached_, peak_, limit_};
  }
  void set_limit(uint64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex_);
    limit_ = bytes;
  }
  void release_cached() {
    std::lock_guard<std::mutex> lock(mutex_);
    shrink_cache(0);
  }

  static CachingAllocator& instance() {
    // Never destroyed: tensors may outlive every static object at exit.
    static CachingAllocator* allocator = new CachingAllocator;
    return *allocator;
  }

 private:
  at::DataPtr allocate_block(size_t bytes) {
    const at::Device device(at::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &free_block, device};
    if (bytes > std::numeric_limits<size_t>::max() / 2) refuse(bytes);
    void* block = take(rounded(bytes), bytes);
    return {block, block, &free_block, device};
  }

  void* take(size_t size, size_t requested) {
    std::lock_guard<std::mutex> lock(mutex_);
    void* block = nullptr;
    if (size >= kSmallest) {
      const auto found = free_blocks_.lower_bound(size);
      if (found != free_blocks_.end() && found->first - size <= found->first / kWasteDivisor) {
        block = found->second.back();
        size = found->first;
        found->second.pop_back();
        if (found->second.empty()) free_blocks_.erase(found);
        cached_ -= size;
      }
    }
    if (!block) block = take_from_system(size, requested);
    sizes_[block] = size;
    live_ += size;
    peak_ = std::max(peak_, live_);
    return block;
  }

  void* take_from_system(size_t size, size_t requested) {
    // Blocks of other sizes are what the cache can spare when it has none that fits.
    shrink_cache(std::max<uint64_t>(kCacheFloor, live_ / 4));
    if (live_ + cached_ + size > limit_) shrink_cache(0);
    if (live_ + size > limit_) refuse(requested);
    if (size >= kCheckedSize && size > available_bytes()) {
      shrink_cache(0);
      if (size > available_bytes()) refuse(requested);
    }
    void* block = system_allocate(size);
    if (!block) {
      shrink_cache(0);
      block = system_allocate(size);
    }
    if (!block) refuse(requested);
    return block;
  }

  void give_back(void* block) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = sizes_.find(block);
    const size_t size = found->second;
    sizes_.erase(found);
    live_ -= size;
    if (size < kSmallest) {
      std::free(block);
      return;
    }
    free_blocks_[size].push_back(block);
    cached_ += size;
  }

  // Frees cached blocks, the largest first, until at most `target` bytes are cached.
  void shrink_cache(uint64_t target) {
    while (cached_ > target && !free_blocks_.empty()) {
      const auto largest = std::prev(free_blocks_.end());
      system_free(largest->second.back(), largest->first);
      cached_ -= largest->first;
      largest->second.pop_back();
      if (largest->second.empty()) free_blocks_.erase(largest);
    }
  }

  [[noreturn]] void refuse(size_t bytes) {
    refused_bytes = static_cast<double>(bytes);
    C10_THROW_ERROR(OutOfMemoryError,
                    "cannot allocate " + std::to_string(bytes) + " bytes; " + std::to_string(live_) +
                        " bytes are live and the limit is " + std::to_string(limit_));
  }

  static void free_block(void* block) {
    if (block) instance().give_back(block);
  }

  std::mutex mutex_;
  std::unordered_map<void*, size_t> sizes_;
  std::map<size_t, std::vector<void*>> free_blocks_;
  uint64_t live_ = 0;
  uint64_t cached_ = 0;
  uint64_t peak_ = 0;
  uint64_t limit_ = std::numeric_limits<int64_t>::max();
};

}  // namespace

// libtorch has one allocator in a process. Where another build of this addon came first, its tensors and its counts stay
// as they are, and this one goes without counts of its own.
bool install_allocator() {
  static const bool is_ours = [] {
    if (c10::GetCPUAllocator() != c10::GetDefaultCPUAllocator()) return false;
    c10::SetCPUAllocator(&CachingAllocator::instance(), /*priority=*/1);
    return true;
  }();
  return is_ours;
}

AllocatorStatistics allocator_statistics() { return CachingAllocator::instance().statistics(); }
void set_allocator_limit(uint64_t bytes) { CachingAllocator::instance().set_limit(bytes); }
void release_cached_blocks() { CachingAllocator::instance().release_cached(); }
double last_refused_bytes() { return refused_bytes; }

}  // namespace protocl
