/* Words of a plain text, found some dozen characters at a time. */
#ifndef ASCII_H
#define ASCII_H

#include "lanes.h"
#include <string.h>

#define SHORT_TEXT 2048 /* characters, at most */

/* Write an ASCII text in small letters, and where runs of letters, digits and underscores begin and end in it, in turn.
   Return how many there are; -1 for more than `most`, a text too long, or a machine that this is not written for. */
CLONES static int ascii_words(const uint8_t* restrict text, Py_ssize_t length, uint8_t* restrict lowered,
                              uint16_t* restrict bounds, int most)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint8_t in_word[SHORT_TEXT + 64];
    uint64_t last = 0;
    int n = 0;
    if (length > SHORT_TEXT) return -1;
    for (Py_ssize_t i = 0; i < length; i++) {
        const uint8_t c = text[i], small = (uint8_t)(c | ((uint8_t)(c - 'A') < 26 ? 32 : 0));
        lowered[i] = small;
        in_word[i] = ((uint8_t)(small - 'a') < 26) | ((uint8_t)(c - '0') < 10) | (c == '_');
    }
    memset(in_word + length, 0, 64);
    for (Py_ssize_t block = 0; block <= length; block += 64) { /* one more, if need be, to end the last word */
        uint64_t bits = 0, edges;
        for (int i = 0; i < 64 && block + i < length; i += 8) {
            uint64_t eight;
            memcpy(&eight, in_word + block + i, 8);
            bits |= ((eight * 0x0102040810204080ull) >> 56) << i; /* the lowest bit of each byte */
        }
        edges = bits ^ (bits << 1 | last);
        last = bits >> 63;
        if (n + __builtin_popcountll(edges) > 2 * most) return -1;
        for (; edges; edges &= edges - 1) bounds[n++] = (uint16_t)(block + __builtin_ctzll(edges));
    }
    return n / 2;
#else
    return -1;
#endif
}

/* Up to eight characters, the first one highest, as `_key` packs them; eight may be read. */
static inline uint64_t packed_ascii(const uint8_t* text, Py_ssize_t length)
{
#if defined(__GNUC__)
    uint64_t eight;
    memcpy(&eight, text, 8);
    return __builtin_bswap64(eight) >> (64 - 8 * length);
#else
    return 0;
#endif
}

#endif
