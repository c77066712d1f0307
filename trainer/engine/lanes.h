/* What the kernels share: rooms, asking for memory early, and adding rows of weights. */
#ifndef LANES_H
#define LANES_H

#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
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

/* And whether the processor reads half precision. */
#if defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__) && defined(__x86_64__) && !defined(NO_CLONES)
#define READS_HALF (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c"))
#define READING_HALF __attribute__((target("avx2,f16c"), unused))
#endif

#if defined(_MSC_VER)
#define restrict __restrict
#endif

/* Ask for the line of the cache that an address is in. GCC takes a function that does no more than this for one without
   effect and leaves out the calls of it; a volatile statement, though empty, is an effect. */
#if defined(__GNUC__)
#define PREFETCH(address)                \
    do {                                 \
        __builtin_prefetch(address);     \
        __asm__ volatile("" : : : );     \
    } while (0)
#else
#define PREFETCH(address)
#endif

#define LINE 64 /* bytes of the cache that come together */
#define LARGE ((size_t)2 << 20) /* bytes of a large page, of those systems that have them */

/* Room to be freed by free(): large rooms on large pages where the system has them, for a table that is read at random
   waits for the addresses of pages as much as for what is on them. */
static inline void* allocated(size_t size)
{
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (size >= LARGE) {
        void* room = NULL;
        if (posix_memalign(&room, LARGE, size)) return NULL;
        madvise(room, size, MADV_HUGEPAGE);
        return room;
    }
#endif
    return malloc(size);
}

/* Room for a table, which begins where a line of the cache does, and whose last page is a large one too. */
static inline void* tabled(size_t size)
{
#if defined(__unix__) || defined(__APPLE__)
    void* room = NULL;
    if (size < LARGE / 2) return posix_memalign(&room, LINE, size) ? NULL : room;
#endif
    return allocated(size < LARGE / 2 ? size : (size + LARGE - 1) / LARGE * LARGE);
}

/* The same room, and more after it; of the old one so many bytes are used. A thread's own allocator would copy large
   ones as well, and touch each of their small pages. */
static inline void* regrown(void* room, size_t used, size_t size)
{
    void* more;
    if (size < LARGE) return realloc(room, size);
    more = allocated(size);
    if (more == NULL) return NULL;
    if (used) memcpy(more, room, used);
    free(room);
    return more;
}

/* Give what was freed back to the system: the allocator would keep it, while what comes next asks for more. */
static inline void give_back(void)
{
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

/* How weights are stored. */
#define SINGLE 4 /* bytes */
#define HALF 2
#define HALF_READ 3 /* where the processor reads them */

/* Stored weights as double precision has them, four at a time. Half precision is found from its bits: those of its
   exponent and fraction moved to where single precision has them, times 2^112. */
#define TO_SINGLE 5192296858534827628530496329220096.0f

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wpsabi" /* no such vector leaves this file */
#define ALWAYS static inline __attribute__((always_inline))
#else
#define ALWAYS static inline
#endif

ALWAYS double one_stored(const void* weights, Py_ssize_t at, const int how)
{
    union { uint32_t bits; float x; } found;
    if (how == SINGLE) return ((const float*)weights)[at];
    found.bits = (uint32_t)(((const uint16_t*)weights)[at] & 0x7fff) << 13;
    found.x *= TO_SINGLE;
    found.bits |= (uint32_t)(((const uint16_t*)weights)[at] & 0x8000) << 16;
    return found.x;
}

#if defined(__GNUC__)
#define FOUR 4
typedef double four __attribute__((vector_size(32), aligned(8), may_alias));

ALWAYS four stored(const void* weights, Py_ssize_t at, const int how)
{
    typedef uint32_t four_bits __attribute__((vector_size(16)));
    typedef float four_floats __attribute__((vector_size(16)));
    const float* single = (const float*)weights + at;
    const uint16_t* h = (const uint16_t*)weights + at;
#if defined(READS_HALF)
    if (how == HALF_READ) { /* no intrinsic: those may not stand in a function that is for any processor */
        typedef uint16_t four_halves __attribute__((vector_size(8), aligned(2), may_alias));
        four_floats x;
        __asm__("vcvtph2ps %1, %0" : "=x"(x) : "m"(*(const four_halves*)h));
        return (four){x[0], x[1], x[2], x[3]};
    }
#endif
    if (how == HALF) {
        const four_bits bits = {h[0], h[1], h[2], h[3]};
        const four_floats size = (four_floats)((bits & 0x7fff) << 13) * TO_SINGLE;
        const four_floats x = (four_floats)((four_bits)size | (bits & 0x8000) << 16);
        return (four){x[0], x[1], x[2], x[3]};
    }
    return (four){single[0], single[1], single[2], single[3]};
}
#else
#define FOUR 1
typedef double four;
#define stored one_stored
#endif

#define AHEAD 8 /* rows */

/* Ask for so many bytes, of which there is one or more. */
ALWAYS void prefetch_all(const char* at, Py_ssize_t size)
{
    for (Py_ssize_t i = 0; i < size; i += LINE) PREFETCH(at + i);
    PREFETCH(at + size - 1);
}

/* Up to four fours of sums, from column k on, which stay in registers; rows of m weights are `step` bytes apart, and
   the first `asked` of them were asked for already. */
ALWAYS void add_some(double* out, const void* weights, Py_ssize_t step, const int32_t* columns, const double* values,
                     Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m, Py_ssize_t k, const int fours, const int how)
{
    four sums[4];
    for (int f = 0; f < fours; f++) sums[f] = ((const four*)(out + k))[f];
    for (Py_ssize_t e = 0; e < n; e++) {
        const char* row = (const char*)weights + columns[e] * step;
        if (k == 0 && e + AHEAD >= asked && e + AHEAD < n)
            prefetch_all((const char*)weights + columns[e + AHEAD] * step, m * (how == SINGLE ? 4 : 2));
        for (int f = 0; f < fours; f++) sums[f] += values[e] * stored(row, k + f * FOUR, how);
    }
    for (int f = 0; f < fours; f++) ((four*)(out + k))[f] = sums[f];
}

ALWAYS void add_of(double* out, const void* weights, Py_ssize_t step, const int32_t* columns, const double* values,
                   Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m, const int how)
{
    Py_ssize_t k = 0;
    for (; k + 4 * FOUR <= m; k += 4 * FOUR) add_some(out, weights, step, columns, values, n, asked, m, k, 4, how);
    for (; k + 2 * FOUR <= m; k += 2 * FOUR) add_some(out, weights, step, columns, values, n, asked, m, k, 2, how);
    for (; k + FOUR <= m; k += FOUR) add_some(out, weights, step, columns, values, n, asked, m, k, 1, how);
    for (; k < m; k++)
        for (Py_ssize_t e = 0; e < n; e++)
            out[k] += values[e] * one_stored((const char*)weights + columns[e] * step, k, how);
}

/* out += the sum of values[e] * weights[columns[e]], one after another: rows of m weights of single precision. */
CLONES static void add_rows(double* out, const float* weights, Py_ssize_t step, const int32_t* columns,
                            const double* values, Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m)
{
    add_of(out, weights, step, columns, values, n, asked, m, SINGLE);
}

#if defined(READS_HALF)
READING_HALF static void add_read_halves(double* out, const uint16_t* weights, Py_ssize_t step, const int32_t* columns,
                                         const double* values, Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m)
{
    add_of(out, weights, step, columns, values, n, asked, m, HALF_READ);
}
#endif

CLONES static void add_halves(double* out, const uint16_t* weights, Py_ssize_t step, const int32_t* columns,
                              const double* values, Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m)
{
    add_of(out, weights, step, columns, values, n, asked, m, HALF);
}

/* The same, of half precision. */
static inline void add_half_rows(double* out, const uint16_t* weights, Py_ssize_t step, const int32_t* columns,
                                 const double* values, Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m)
{
#if defined(READS_HALF)
    if (READS_HALF) {
        add_read_halves(out, weights, step, columns, values, n, asked, m);
        return;
    }
#endif
    add_halves(out, weights, step, columns, values, n, asked, m);
}

/* Write for each of n rows of k numbers which reach `high`, and in which rows one neither does nor is `low` or less;
   return how many such rows there are. Nothing reaches what is no number, nor is it so little. */
CLONES static Py_ssize_t compare_rows(const double* rows, Py_ssize_t n, Py_ssize_t k, const double* low,
                                      const double* high, uint8_t* restrict reached, int64_t* restrict unsure)
{
    Py_ssize_t found = 0;
    for (Py_ssize_t i = 0; i < n; i++, rows += k, reached += k) {
        int64_t plain = -1;
        Py_ssize_t j = 0;
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        typedef int64_t four_bits __attribute__((vector_size(32)));
        const four_bits bytes = {1, 1 << 8, 1 << 16, 1 << 24};
        four_bits all = {-1, -1, -1, -1};
        for (; j + 4 <= k; j += 4) {
            const four_bits above = *(const four*)(rows + j) >= *(const four*)(high + j);
            const four_bits one = above & bytes;
            const uint32_t told = (uint32_t)(one[0] | one[1] | one[2] | one[3]);
            all &= above | (*(const four*)(rows + j) <= *(const four*)(low + j));
            memcpy(reached + j, &told, 4);
        }
        plain = all[0] & all[1] & all[2] & all[3];
#endif
        for (; j < k; j++) {
            reached[j] = rows[j] >= high[j];
            plain &= -(int64_t)((rows[j] >= high[j]) | (rows[j] <= low[j]));
        }
        unsure[found] = i;
        found += !plain;
    }
    return found;
}

#endif
