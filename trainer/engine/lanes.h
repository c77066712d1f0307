/* The innermost loops: one lane a topic. */
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

/* The number of lanes is known to the compiler where it is 4, 8, 12 or 16, so that a row stays in registers. */
#define FOR_LANES(m, BODY)             \
    switch (m) {                       \
    case 4: BODY(4) break;             \
    case 8: BODY(8) break;             \
    case 12: BODY(12) break;           \
    case 16: BODY(16) break;           \
    default: BODY(m) break;            \
    }

#define AHEAD 8 /* entries */
#define INACTIVE (-1.0f) /* in place of a dual variable: 0, and left out of the passes for now */

/* out += the sum of values[e] * weights[indices[e]], over the n entries of a sparse row; m is at most 16. */
CLONES static void gather(float* restrict out, const float* restrict weights, const int32_t* restrict indices,
                          const float* restrict values, Py_ssize_t n, Py_ssize_t m)
{
    float sums[16];
#define GATHER(M)                                                                                  \
    for (Py_ssize_t k = 0; k < M; k++) sums[k] = out[k];                                           \
    for (Py_ssize_t e = 0; e < n; e++) {                                                           \
        const float* restrict row = weights + (Py_ssize_t)indices[e] * M;                          \
        const float value = values[e];                                                             \
        if (e + AHEAD < n) PREFETCH(weights + (Py_ssize_t)indices[e + AHEAD] * M);                 \
        for (Py_ssize_t k = 0; k < M; k++) sums[k] += value * row[k];                              \
    }                                                                                              \
    for (Py_ssize_t k = 0; k < M; k++) out[k] = sums[k];
    FOR_LANES(m, GATHER)
}

/* weights[indices[e]] += values[e] * delta, over the n entries of a sparse row; m is at most 16. */
CLONES static void scatter(float* restrict weights, const float* restrict delta, const int32_t* restrict indices,
                           const float* restrict values, Py_ssize_t n, Py_ssize_t m)
{
    float steps[16];
#define SCATTER(M)                                                                                 \
    for (Py_ssize_t k = 0; k < M; k++) steps[k] = delta[k];                                        \
    for (Py_ssize_t e = 0; e < n; e++) {                                                           \
        float* restrict row = weights + (Py_ssize_t)indices[e] * M;                                \
        const float value = values[e];                                                             \
        for (Py_ssize_t k = 0; k < M; k++) row[k] += value * steps[k];                             \
    }
    FOR_LANES(m, SCATTER)
}

/* e to the x, for x from -80 to 80: the series up to r^7, with r within half a logarithm of 2; relatively within 3e-7.
   The library's takes one number at a time. */
static inline float exponential(float x)
{
    const int32_t doublings = (int32_t)(x * 1.44269504f + 128.5f) - 128;
    const float r = (x - (float)doublings * 0.693359375f) + (float)doublings * 2.12194440e-4f;
    union { int32_t bits; float value; } power;
    float series = 1.0f / 5040.0f;
    series = series * r + 1.0f / 720.0f;
    series = series * r + 1.0f / 120.0f;
    series = series * r + 1.0f / 24.0f;
    series = series * r + 1.0f / 6.0f;
    series = series * r + 0.5f;
    series = series * r + 1.0f;
    series = series * r + 1.0f;
    power.bits = (doublings + 127) * (1 << 23);
    return series * power.value;
}

#define NEWTON 12 /* steps at most; where they do not suffice, the next pass goes on */

/* Minimise the logistic dual over the variables of one row, each by itself: find the a in (0, C) for which
   a = C / (1 + exp(margin + norm * (a - alpha))). The right side falls as a grows, so there is one. Newton's steps
   are kept in a bracket: plain ones diverge where C * norm is large. Returns as `hinge_step` does.

   In short loops, each of which a compiler makes vectors of: a longer one, with more conditions, it does not. */
CLONES static int logistic_step(float* restrict alpha, const float* restrict cost, const float* restrict z,
                                float* restrict delta, const float* restrict live, float* restrict estimate,
                                float norm, float alone, Py_ssize_t m)
{
    float sign[16], C[16], on[16], base[16], a[16], low[16], high[16], near[16], x[16], share[16], off[16];
    int32_t changed = 0;
#define LOGISTIC_STEP(M)                                                                           \
    for (Py_ssize_t k = 0; k < M; k++) {                                                           \
        sign[k] = cost[k] < 0.0f ? -1.0f : 1.0f;                                                   \
        on[k] = alpha[k] >= 0.0f ? live[k] : 0.0f;                                                 \
    }                                                                                              \
    for (Py_ssize_t k = 0; k < M; k++) {                                                           \
        a[k] = alpha[k];                                                                           \
        C[k] = high[k] = cost[k] * sign[k];                                                        \
        low[k] = near[k] = 0.0f;                                                                   \
        base[k] = sign[k] * z[k] + (alone - norm) * alpha[k];                                      \
    }                                                                                              \
    for (int newton = 0; newton < NEWTON; newton++) {                                              \
        int32_t more = 0;                                                                          \
        for (Py_ssize_t k = 0; k < M; k++) {                                                       \
            const float margin = base[k] + norm * a[k];                                            \
            x[k] = margin > -80.0f ? margin : -80.0f;                                              \
        }                                                                                          \
        for (Py_ssize_t k = 0; k < M; k++) x[k] = x[k] < 80.0f ? x[k] : 80.0f;                     \
        for (Py_ssize_t k = 0; k < M; k++) {                                                       \
            share[k] = 1.0f / (1.0f + exponential(x[k]));                                          \
            off[k] = a[k] - C[k] * share[k];                                                       \
        }                                                                                          \
        for (Py_ssize_t k = 0; k < M; k++) {                                                       \
            const float l = low[k], h = high[k];                                                   \
            low[k] = off[k] > 0.0f ? l : a[k];                                                     \
            high[k] = off[k] > 0.0f ? a[k] : h;                                                    \
        }                                                                                          \
        for (Py_ssize_t k = 0; k < M; k++) {                                                       \
            const float step = a[k] - off[k] / (1.0f + C[k] * norm * share[k] * (1.0f - share[k])); \
            const float middle = 0.5f * (low[k] + high[k]);                                        \
            x[k] = step;                                                                           \
            share[k] = step > low[k] ? step : middle;                                              \
        }                                                                                          \
        for (Py_ssize_t k = 0; k < M; k++) {                                                       \
            const float middle = 0.5f * (low[k] + high[k]);                                        \
            share[k] = x[k] < high[k] ? share[k] : middle;                                         \
        }                                                                                          \
        /* Where a is one end of the bracket, a step too small for a float must not go to its middle. */ \
        for (Py_ssize_t k = 0; k < M; k++) share[k] = x[k] == a[k] ? x[k] : share[k];              \
        for (Py_ssize_t k = 0; k < M; k++) {                                                       \
            const float size = off[k] < 0.0f ? -off[k] : off[k], rounding = 4e-7f * a[k];          \
            off[k] = size;                                                                         \
            x[k] = near[k] > rounding ? near[k] : rounding;                                        \
        }                                                                                          \
        if (newton == 0)                                                                           \
            for (Py_ssize_t k = 0; k < M; k++) near[k] = 0.01f * off[k];                           \
        for (Py_ssize_t k = 0; k < M; k++) {                                                       \
            const float going = off[k] > x[k] ? on[k] : 0.0f, now = a[k];                          \
            a[k] = going > 0.0f ? share[k] : now;                                                  \
            x[k] = a[k] - now;                                                                     \
        }                                                                                          \
        /* A step leaves at most half the second derivative, below 0.097 * C * norm^2, times its square. */ \
        for (Py_ssize_t k = 0; k < M; k++)                                                         \
            more |= 0.05f * C[k] * norm * norm * x[k] * x[k] > near[k];                            \
        if (!more) break;                                                                          \
    }                                                                                              \
    for (Py_ssize_t k = 0; k < M; k++) {                                                           \
        const float was = alpha[k], now = on[k] > 0.0f ? a[k] : was, moved = now - was;            \
        alpha[k] = now;                                                                            \
        delta[k] = sign[k] * moved;                                                                \
        off[k] = moved * (1.0f + 0.25f * C[k] * norm);                                             \
    }                                                                                              \
    for (Py_ssize_t k = 0; k < M; k++) {                                                           \
        const float grown = 2.0f * off[k] * off[k] / C[k];                                         \
        estimate[k] += on[k] > 0.0f ? grown : 0.0f;                                                \
        changed |= on[k] > 0.0f;                                                                   \
    }
    FOR_LANES(m, LOGISTIC_STEP)
    return changed | (changed << 1);
}

/* Minimise the squared hinge dual over the variables of one row, each by itself; `cost` carries the sign of the
   label. Returns 1 where one changed, and 2 where one is still in the passes. */
CLONES static int hinge_step(float* restrict alpha, const float* restrict cost, const float* restrict z,
                             float* restrict delta, const float* restrict live, const float* restrict before,
                             float* restrict highest, float* restrict estimate, float norm, float alone, Py_ssize_t m)
{
    int32_t changed = 0, remain = 0;
#define HINGE_STEP(M)                                                                              \
    for (Py_ssize_t k = 0; k < M; k++) {                                                           \
        const float sign = cost[k] < 0.0f ? -1.0f : 1.0f, C = cost[k] * sign, a = alpha[k];        \
        const float on = a >= 0.0f ? live[k] : 0.0f, ridge = 0.5f / C;                             \
        const float slope = sign * z[k] + alone * a - 1.0f + a * ridge;                            \
        const float bound = a == 0.0f ? (slope >= 0.0f ? on : 0.0f) : 0.0f;                        \
        const float out = slope > before[k] ? bound : 0.0f;                                        \
        const float moved = on - bound;                                                            \
        const float step = a - slope / (norm + ridge), next = step > 0.0f ? step : 0.0f;           \
        const float size = slope < 0.0f ? -slope : slope;                                          \
        const float d = moved > 0.0f ? (next - a) * sign : 0.0f;                                   \
        alpha[k] = out > 0.0f ? INACTIVE : (moved > 0.0f ? next : a);                              \
        delta[k] = d;                                                                              \
        highest[k] = moved > 0.0f && size > highest[k] ? size : highest[k];                        \
        estimate[k] += moved > 0.0f ? C * slope * slope : 0.0f;                                    \
        changed |= d != 0.0f;                                                                      \
        remain |= on != out;                                                                       \
    }
    FOR_LANES(m, HINGE_STEP)
    return changed | (remain << 1);
}
