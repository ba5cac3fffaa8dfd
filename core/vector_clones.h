// FTOK_VECTOR_CLONES: a function whose loops the compiler turns into vector code, for the widest instruction set of the
// machine it runs on. It is compiled for AVX-512, AVX2 and the baseline; one is chosen when the program starts.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define FTOK_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FTOK_VECTOR_CLONES
#endif
