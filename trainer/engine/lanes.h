/* What the kernels share: rooms, asking for memory early, and adding rows of weights. */
#ifndef LANES_H
#define LANES_H

#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

/* Vector instructions are chosen when the module is loaded. Each topic has its own lane and no sum changes its
   order, so the bits are the same whatever is chosen. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && !defined(NO_CLONES)
#define CLONES __attribute__((target_clones("avx2", "default"), unused))
#elif defined(__GNUC__)
#define CLONES __attribute__((unused))
#else
#define CLONES
#endif

#if defined(_MSC_VER)
#define restrict __restrict
#endif

#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address)
#endif

/* Room to be freed by free(): large rooms on large pages where the system has them, for a table that is read at random
   waits for the addresses of pages as much as for what is on them. */
static inline void* allocated(size_t size)
{
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const size_t large = (size_t)2 << 20;
    if (size >= 2 * large) {
        void* room = NULL;
        if (posix_memalign(&room, large, size)) return NULL;
        madvise(room, size, MADV_HUGEPAGE);
        return room;
    }
#endif
    return malloc(size);
}

/* out += value * row, a row of m stored weights. */
CLONES static void add_stored(double* restrict out, const float* restrict row, double value, Py_ssize_t m)
{
    for (Py_ssize_t k = 0; k < m; k++) out[k] += value * (double)row[k];
}

#endif
