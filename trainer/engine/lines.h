/* Looking into a line of the cache without a branch. */
#ifndef LINES_H
#define LINES_H

#include <stdint.h>

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

/* A slot is two words: key and number. Return the number beside the key; more than any where the key is not there. */
static inline uint64_t number_beside(const uint64_t* line, uint64_t key)
{
    uint64_t number = UINT64_MAX;
    for (int i = 0; i < LINE_WORDS; i += 2) number = line[i] == key ? line[i + 1] : number;
    return number;
}

#endif
