/* Rows of counts in few bytes: the steps between the ascending numbers of the columns, each in groups of 7 bits, the
   low ones first, with the eighth bit set where more follow. A step of 0 is the same column once more. */
#ifndef PACKED_H
#define PACKED_H

#include "lanes.h"

#define LONGEST_STEP 5 /* bytes */

/* Write the steps between n ascending numbers, which may repeat, the first one from -1; return the end. */
static inline uint8_t* pack_steps(uint8_t* to, const uint32_t* numbers, Py_ssize_t n)
{
    uint32_t before = UINT32_MAX;
    for (Py_ssize_t e = 0; e < n; e++) {
        uint32_t step = numbers[e] - before;
        before = numbers[e];
        for (; step >= 128; step >>= 7) *to++ = (uint8_t)(step | 128);
        *to++ = (uint8_t)step;
    }
    return to;
}

/* Read steps up to `end`: write each column, from `base` on, once, and how often it came; return how many there are. */
static inline Py_ssize_t unpack_steps(const uint8_t* at, const uint8_t* end, int32_t base, int32_t* columns,
                                      int32_t* counts)
{
    int32_t column = base - 1;
    Py_ssize_t n = -1;
    while (at < end) {
        uint32_t step = *at++;
        if (step >= 128) {
            step &= 127;
            for (int shift = 7; ; shift += 7) {
                const uint32_t more = *at++;
                step |= (more & 127) << shift;
                if (more < 128) break;
            }
        }
        if (step) {
            column += (int32_t)step;
            n++;
            columns[n] = column;
            counts[n] = 1;
        } else {
            counts[n]++;
        }
    }
    return n + 1;
}

/* The values of columns that came so often: what `tf` has for the count, times idf, over the length of the row; in
   double precision and this order, as when the row was made. */
CLONES static void unpack_values(float* restrict values, const int32_t* restrict columns,
                                 const int32_t* restrict counts, Py_ssize_t n, int32_t base,
                                 const double* restrict tf, const double* restrict idf, double norm)
{
    for (Py_ssize_t e = 0; e < n; e++) values[e] = (float)(tf[counts[e]] * idf[columns[e] - base] / norm);
}

#endif
