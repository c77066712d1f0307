/* The least that finding words and pairs of words takes: see measure_throughput.py. */
#include <stdint.h>
#include <stddef.h>

/* Add up the hashes of the words of two letters or more, and of the pairs of them that stand in one line. `small` has
   each byte of a word in small letters, and 0 for all others. Returns how many words and pairs there were. */
size_t words_and_pairs(const uint8_t* text, size_t length, const uint8_t* small, uint64_t* sum)
{
    uint64_t hash = 0, before = 0, total = 0;
    size_t letters = 0, found = 0;
    for (size_t i = 0; i < length; i++) {
        const uint8_t c = small[text[i]];
        if (c) {
            hash = (hash ^ c) * 0x9E3779B97F4A7C15u;
            letters++;
            continue;
        }
        if (letters > 1) {
            total += hash;
            found++;
            if (before) {
                total += (before ^ hash) * 0xD1B54A32D192ED03u;
                found++;
            }
            before = hash;
        }
        hash = letters = 0;
        if (text[i] == '\n') before = 0;
    }
    *sum = total;
    return found;
}
