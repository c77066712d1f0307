/* The innermost loops: one lane a topic. */
#include <Python.h>
#include <stdint.h>

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

/* Minimise the squared hinge dual over the variables of one row, each by itself; `cost` carries the sign of the
   label. Returns 1 where one changed, and 2 where one is still in the passes. */
CLONES static int hinge_step(float* restrict alpha, const float* restrict cost, const float* restrict z,
                             float* restrict delta, const float* restrict live, const float* restrict before,
                             float* restrict highest, float* restrict estimate, float norm, float alone, Py_ssize_t m)
{
    float changed = 0.0f, remain = 0.0f;
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
        changed += d < 0.0f ? -d : d;                                                              \
        remain += on - out;                                                                        \
    }
    FOR_LANES(m, HINGE_STEP)
    return (changed > 0.0f) | ((remain > 0.0f) << 1);
}
