// Lets the compiler build a loop for several instruction sets and choose at load time.
#pragma once

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define PROTOCL_VECTORIZED __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define PROTOCL_VECTORIZED
#endif
