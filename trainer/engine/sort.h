/* Sorting the numbers of one row. */
#ifndef SORT_H
#define SORT_H

#include "lanes.h"

#define FEW 64 /* numbers that are sorted by their ranks, at most */

#if defined(__GNUC__)
#define KEYS 8
typedef int32_t keys __attribute__((vector_size(32), aligned(4), may_alias));
#else
#define KEYS 1
typedef int32_t keys;
#endif

/* Sort a few numbers below 2^25: the place of each is how many are smaller, and of equal ones stand before it. That
   is more comparisons than other ways need, but no branch, which would be guessed wrong every second time. */
CLONES static void sort_few(uint32_t* numbers, Py_ssize_t n)
{
    int32_t key[FEW + KEYS];
    keys rank[FEW / KEYS];
    const Py_ssize_t blocks = (n + KEYS - 1) / KEYS;
    for (Py_ssize_t i = 0; i < n; i++) key[i] = (int32_t)(numbers[i] * FEW + (uint32_t)i);
    for (Py_ssize_t i = n; i < blocks * KEYS; i++) key[i] = INT32_MAX;
    for (Py_ssize_t b = 0; b < blocks; b++) {
        const keys mine = ((const keys*)key)[b];
        keys count = {0};
#if KEYS > 1
        for (Py_ssize_t i = 0; i < n; i++) count -= key[i] < mine; /* true is -1 */
#else
        for (Py_ssize_t i = 0; i < n; i++) count += key[i] < mine;
#endif
        rank[b] = count;
    }
    for (Py_ssize_t i = 0; i < n; i++) numbers[((const int32_t*)rank)[i]] = (uint32_t)key[i] / FEW;
}

#endif
