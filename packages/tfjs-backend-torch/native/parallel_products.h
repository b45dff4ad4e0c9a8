// Parallel loops whose bodies multiply matrices.
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

// Whichever BLAS this libtorch uses defines its own; the other stays null.
extern "C" {
int MKL_Set_Num_Threads_Local(int) __attribute__((weak));
void openblas_set_num_threads(int) __attribute__((weak));
int openblas_get_num_threads() __attribute__((weak));
}

namespace protocl {

// MKL counts threads for each calling thread; 0 gives the choice back to it.
class SequentialMkl {
 public:
  SequentialMkl() : before_(MKL_Set_Num_Threads_Local ? MKL_Set_Num_Threads_Local(1) : 0) {}
  ~SequentialMkl() {
    if (MKL_Set_Num_Threads_Local) MKL_Set_Num_Threads_Local(before_);
  }

 private:
  int before_;
};

// OpenBLAS counts threads for the whole process.
class SequentialOpenBlas {
 public:
  SequentialOpenBlas() : before_(openblas_get_num_threads ? openblas_get_num_threads() : 0) {
    if (openblas_set_num_threads) openblas_set_num_threads(1);
  }
  ~SequentialOpenBlas() {
    if (openblas_set_num_threads) openblas_set_num_threads(before_);
  }

 private:
  int before_;
};

// at::parallel_for with one thread to each product. A BLAS that starts threads of its own inside a parallel loop
// has more threads than there are cores, and they spend their time at each other's barriers.
template <typename Body>
void parallel_products(int64_t begin, int64_t end, int64_t grain, const Body& body) {
  const SequentialOpenBlas openblas;
  at::parallel_for(begin, end, grain, [&](int64_t first, int64_t last) {
    const SequentialMkl mkl;
    const c10::InferenceMode inference;
    body(first, last);
  });
}

}  // namespace protocl
