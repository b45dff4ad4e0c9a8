// Lets the compiler build a loop for several instruction sets and choose at load time.
#pragma once

// By what a processor can do: names of processors, such as haswell, fit these very models alone, and leave every other
// one with the slowest version.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 12
#define PROTOCL_VECTORIZED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PROTOCL_VECTORIZED __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define PROTOCL_VECTORIZED
#endif
