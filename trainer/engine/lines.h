/* Looking into a line of the cache without a branch. */
#ifndef LINES_H
#define LINES_H

#include "lanes.h"

#define LINE_WORDS 8

/* A slot is a word: a key, and below it a number, or all bits where the slot is empty. Of the slot with the key, what
   differs from the key is the number; of every other one that is more. Return the least difference. */
static inline uint64_t least_apart(const uint64_t* line, uint64_t key)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < LINE_WORDS; i++) {
        const uint64_t apart = line[i] ^ key;
        least = apart < least ? apart : least;
    }
    return least;
}

/* The same of up to 64 lines and keys: numbers of the keys, `none`, which is all of the bits that numbers have, where a
   line has not the key. Return, as bits, which of these lines are full, so that the key may stand in the next one. */
CLONES static uint64_t numbers_in_lines(uint64_t* const* lines, const uint64_t* keys, Py_ssize_t n, uint64_t none,
                                        uint32_t* numbers)
{
    uint64_t full = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        const uint64_t* line = lines[i];
#if defined(__GNUC__)
        typedef uint64_t words __attribute__((vector_size(32), aligned(8), may_alias));
        const words low = ((const words*)line)[0], high = ((const words*)line)[1];
        /* what has another key becomes all bits */
        const words both = (low | (words)(((low ^ keys[i]) & ~none) != 0)) &
                           (high | (words)(((high ^ keys[i]) & ~none) != 0));
        const uint64_t number = both[0] & both[1] & both[2] & both[3] & none;
#else
        const uint64_t least = least_apart(line, keys[i]), number = least < none ? least : none;
#endif
        numbers[i] = (uint32_t)number;
        full |= (uint64_t)((number == none) & ((line[LINE_WORDS - 1] & none) != none)) << i;
    }
    return full;
}

/* A slot is two words: key and number. Return the number beside the key; more than any where the key is not there. */
static inline uint64_t number_beside(const uint64_t* line, uint64_t key)
{
    uint64_t number = UINT64_MAX;
    for (int i = 0; i < LINE_WORDS; i += 2) number = line[i] == key ? line[i + 1] : number;
    return number;
}

#endif
