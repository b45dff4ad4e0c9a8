// A caching allocator for CPU tensors.
//
// A training step asks for the same block sizes again and again. glibc's malloc either fragments under
// that load or returns the pages to the system and faults them in again; keeping freed blocks by
// size does neither, and lets the engine tell exactly how many bytes are live.
#pragma once

#include <cstdint>

namespace protocl {

struct AllocatorStatistics {
  uint64_t live_bytes;
  uint64_t cached_bytes;
  uint64_t peak_live_bytes;
  uint64_t limit_bytes;
};

// Makes libtorch use the allocator in this process, unless that of another build is in use. Tells whether it does.
bool install_allocator();
AllocatorStatistics allocator_statistics();
void set_allocator_limit(uint64_t bytes);
// Gives every cached block back to the system.
void release_cached_blocks();
// Size of the last request that was refused on this thread, or -1.
double last_refused_bytes();

}  // namespace protocl
