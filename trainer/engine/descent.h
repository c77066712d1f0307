/* The innermost loops of the solver: one lane a problem, eight lanes at a time.

   What is asked of the lanes is written once, for a vector of numbers; a compiler that knows no such type gets vectors
   of one. No lane looks at another, so the bits are the same whatever the width is. */
#ifndef DESCENT_H
#define DESCENT_H

#include <string.h>

#include "lanes.h"

#define MOST_LANES 16 /* a row of weights is one line of the cache */

#if defined(__GNUC__) && !defined(ONE_LANE)
#define WIDTH 8
typedef float lanes __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t masks __attribute__((vector_size(32), aligned(4), may_alias)); /* a lane: all bits, or none */
typedef double sums __attribute__((vector_size(64), aligned(8), may_alias));
#define BITS(x) ((masks)(x))
#define NUMBER(bits) ((lanes)(bits))
#define WHERE(condition) ((masks)(condition))
#define ROUNDED_DOWN(x) __builtin_convertvector(x, masks)
#define AS_FLOAT(whole) __builtin_convertvector(whole, lanes)
#define AS_DOUBLE(x) __builtin_convertvector(x, sums)
#define NARROWED(x) __builtin_convertvector(x, lanes)
typedef uint8_t bytes __attribute__((vector_size(8), aligned(1), may_alias));
#define WIDENED(x) __builtin_convertvector(x, masks)
#else
#define WIDTH 1
typedef float lanes;
typedef int32_t masks;
typedef double sums;
ALWAYS int32_t BITS(float x) { union { float x; int32_t bits; } both = {x}; return both.bits; }
ALWAYS float NUMBER(int32_t bits) { union { int32_t bits; float x; } both = {bits}; return both.x; }
#define WHERE(condition) (-(int32_t)(condition))
#define ROUNDED_DOWN(x) ((int32_t)(x))
#define AS_FLOAT(whole) ((float)(whole))
#define AS_DOUBLE(x) ((double)(x))
#define NARROWED(x) ((float)(x))
typedef uint8_t bytes;
#define WIDENED(x) ((int32_t)(x))
#endif

#define AT(numbers, v) (((lanes*)(numbers))[v])
#define SIGN_BIT ((int32_t)0x80000000)

ALWAYS lanes kept(masks where, lanes x) { return NUMBER(where & BITS(x)); }
ALWAYS lanes choose(masks where, lanes yes, lanes no) { return NUMBER((where & BITS(yes)) | (~where & BITS(no))); }
ALWAYS lanes absolute(lanes x) { return NUMBER(BITS(x) & ~SIGN_BIT); }
ALWAYS lanes most(lanes x, lanes y) { return choose(WHERE(x > y), x, y); }
ALWAYS lanes least(lanes x, lanes y) { return choose(WHERE(x < y), x, y); }
ALWAYS lanes all(float x) { const lanes zero = {0}; return zero + x; }

ALWAYS int any(masks where)
{
    int32_t lane[WIDTH], found = 0;
    memcpy(lane, &where, sizeof lane);
    for (int k = 0; k < WIDTH; k++) found |= lane[k];
    return found != 0;
}

/* What a pass over the rows keeps of each problem. */
typedef struct {
    float z[MOST_LANES];        /* margins of a row, without the features that are only in it */
    float delta[MOST_LANES];    /* what a step adds to the weights, over the value of the feature */
    float live[MOST_LANES];     /* 0 for a problem that is solved */
    float estimate[MOST_LANES]; /* of the duality gap */
    float highest[MOST_LANES];  /* projected gradient of this pass */
    float before[MOST_LANES];   /* of the one before, for shrinking */
    double intercept[MOST_LANES];
    double primal[MOST_LANES];
    double gap[MOST_LANES];
} Problems;

/* The cost of each row in each problem: negative where the label is "no", and 0 where the row has no part. As numbers,
   or as codes of the few that there are. */
typedef struct {
    const float* numbers; /* (n, m), or NULL */
    const uint8_t* codes; /* (n, m) */
    const float* table;   /* code -> m costs */
    int n_codes;          /* of which 0 stands for 0 */
} Costs;

ALWAYS float cost_at(const Costs* costs, Py_ssize_t row, Py_ssize_t k, Py_ssize_t m)
{
    return costs->numbers ? costs->numbers[row * m + k] : costs->table[costs->codes[row * m + k] * m + k];
}

ALWAYS lanes costs_at(const Costs* costs, Py_ssize_t row, int v, Py_ssize_t m)
{
    lanes cost = {0};
    masks code;
    if (costs->numbers) return AT(costs->numbers + row * m, v);
    code = WIDENED(((const bytes*)(costs->codes + row * m))[v]);
    for (int c = 1; c < costs->n_codes; c++) cost = choose(WHERE(code == c), AT(costs->table + c * m, v), cost);
    return cost;
}

/* Each loop is compiled for one or two vectors of lanes, so that they stay in registers. */
#if WIDTH == 8
#define FOR_WIDTH(m, CALL)     \
    if (m == 16) {             \
        const int vectors = 2; \
        CALL;                  \
    } else {                   \
        const int vectors = 1; \
        CALL;                  \
    }
#else
#define FOR_WIDTH(m, CALL)          \
    const int vectors = (int)(m);   \
    CALL;
#endif

#define INACTIVE (-1.0f) /* in place of a dual variable: 0, and left out of the passes for now */

ALWAYS void find_margins_of(Problems* p, const float* weights, const int32_t* indices, const float* values,
                            Py_ssize_t n, const int vectors)
{
    lanes total[MOST_LANES / WIDTH];
    for (int v = 0; v < vectors; v++) total[v] = NARROWED(((sums*)p->intercept)[v]);
    for (Py_ssize_t e = 0; e < n; e++) {
        const float* row = weights + (Py_ssize_t)indices[e] * vectors * WIDTH;
        for (int v = 0; v < vectors; v++) total[v] += values[e] * AT(row, v);
    }
    for (int v = 0; v < vectors; v++) AT(p->z, v) = total[v];
}

/* z = intercept + the sum of values[e] * weights[indices[e]], over the n entries of a sparse row. */
CLONES static void find_margins(Problems* p, const float* weights, const int32_t* indices, const float* values,
                                Py_ssize_t n, Py_ssize_t m)
{
    FOR_WIDTH(m, find_margins_of(p, weights, indices, values, n, vectors))
}

ALWAYS void add_row_of(Problems* p, float* weights, const int32_t* indices, const float* values, Py_ssize_t n, int bias,
                       const int vectors)
{
    lanes step[MOST_LANES / WIDTH];
    for (int v = 0; v < vectors; v++) {
        step[v] = AT(p->delta, v);
        if (bias) ((sums*)p->intercept)[v] += AS_DOUBLE(step[v]);
    }
    for (Py_ssize_t e = 0; e < n; e++) {
        float* row = weights + (Py_ssize_t)indices[e] * vectors * WIDTH;
        for (int v = 0; v < vectors; v++) AT(row, v) += values[e] * step[v];
    }
}

/* weights[indices[e]] += values[e] * delta, over the n entries of a sparse row. */
CLONES static void add_row(Problems* p, float* weights, const int32_t* indices, const float* values, Py_ssize_t n,
                           int bias, Py_ssize_t m)
{
    FOR_WIDTH(m, add_row_of(p, weights, indices, values, n, bias, vectors))
}

ALWAYS int wake_of(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, Py_ssize_t m, const int vectors)
{
    masks awake = {0};
    for (int v = 0; v < vectors; v++) {
        const masks in = WHERE(costs_at(costs, row, v, m) != 0.0f), live = WHERE(AT(p->live, v) > 0.0f);
        const lanes a = AT(alpha, v);
        AT(alpha, v) = choose(in, choose(live, most(a, all(0.0f)), a), all(INACTIVE));
        awake |= in & live;
    }
    return any(awake);
}

/* Take the variables of a row, of each problem that is not solved, into the passes again; return whether there are. */
CLONES static int wake(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, Py_ssize_t m)
{
    FOR_WIDTH(m, return wake_of(p, alpha, costs, row, m, vectors))
}

ALWAYS int starts_of(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, float most_share, Py_ssize_t m,
                     const int vectors)
{
    masks some = {0};
    for (int v = 0; v < vectors; v++) {
        const lanes cost = costs_at(costs, row, v, m), was = AT(alpha, v), C = absolute(cost);
        const masks on = WHERE(C > 0.0f) & WHERE(was > 0.0f), over = on & WHERE(was >= C);
        const lanes a = choose(over, least(was, most_share * C), was);
        AT(alpha, v) = a;
        AT(p->delta, v) = kept(on, NUMBER(BITS(a) ^ (BITS(cost) & SIGN_BIT)));
        some |= on;
    }
    return any(some);
}

/* Write what the dual variables of a row stand for to delta; return whether any is not 0. From its cost on, a
   variable is set to a share of it. */
CLONES static int starts(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, float most_share, Py_ssize_t m)
{
    FOR_WIDTH(m, return starts_of(p, alpha, costs, row, most_share, m, vectors))
}

ALWAYS void lone_weights_of(float* to, const float* alpha, const Costs* costs, Py_ssize_t row, float value,
                            Py_ssize_t m, const int vectors)
{
    for (int v = 0; v < vectors; v++) {
        const masks sign = BITS(costs_at(costs, row, v, m)) & SIGN_BIT;
        AT(to, v) = NUMBER(BITS(most(AT(alpha, v), all(0.0f)) * value) ^ sign);
    }
}

/* Write the m weights of a feature that has this value in this row, and stands in no other. */
CLONES static void lone_weights(float* to, const float* alpha, const Costs* costs, Py_ssize_t row, float value,
                                Py_ssize_t m)
{
    FOR_WIDTH(m, lone_weights_of(to, alpha, costs, row, value, m, vectors))
}

#define RELAXED 1.3f /* times the step to the minimum; below 2 each step descends */

ALWAYS int hinge_step_of(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, float norm, float alone,
                         Py_ssize_t m, const int vectors)
{
    masks changed = {0}, remain = {0};
    for (int v = 0; v < vectors; v++) {
        const lanes cost = costs_at(costs, row, v, m), a = AT(alpha, v), top = AT(p->highest, v);
        const masks sign = BITS(cost) & SIGN_BIT;
        const lanes C = absolute(cost), ridge = 0.5f / C;
        const masks on = WHERE(a >= 0.0f) & WHERE(AT(p->live, v) > 0.0f);
        const lanes slope = NUMBER(BITS(AT(p->z, v)) ^ sign) + alone * a - 1.0f + a * ridge;
        const masks bound = on & WHERE(a == 0.0f) & WHERE(slope >= 0.0f);
        const masks out = bound & WHERE(slope > AT(p->before, v)), moved = on & ~bound;
        const lanes step = a - RELAXED * slope / (norm + ridge), next = kept(WHERE(step > 0.0f), step);
        const lanes delta = kept(moved, NUMBER(BITS(next - a) ^ sign));
        AT(alpha, v) = choose(out, all(INACTIVE), choose(moved, next, a));
        AT(p->delta, v) = delta;
        AT(p->highest, v) = choose(moved, most(absolute(slope), top), top);
        AT(p->estimate, v) += kept(moved, 0.6f * C * slope * slope);
        changed |= WHERE(delta != 0.0f);
        remain |= on & ~out;
    }
    return any(changed) | (any(remain) << 1);
}

/* Step over the minimum of the squared hinge dual in the variables of one row, each by itself: so far that fewer passes
   are needed (Mangasarian and Musicant, "Successive overrelaxation for support vector machines", 1999). Returns 1
   where one changed, and 2 where one is still in the passes. */
CLONES static int hinge_step(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, float norm, float alone,
                             Py_ssize_t m)
{
    FOR_WIDTH(m, return hinge_step_of(p, alpha, costs, row, norm, alone, m, vectors))
}

/* e to the x, for x from -80 to 80: the series up to r^7, with r within half a logarithm of 2; relatively within 3e-7.
   The library's takes one number at a time. */
ALWAYS lanes exponential(lanes x)
{
    const masks doublings = ROUNDED_DOWN(x * 1.44269504f + 128.5f) - 128;
    const lanes whole = AS_FLOAT(doublings);
    const lanes r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    lanes series = r * (1.0f / 5040.0f) + 1.0f / 720.0f;
    series = series * r + 1.0f / 120.0f;
    series = series * r + 1.0f / 24.0f;
    series = series * r + 1.0f / 6.0f;
    series = series * r + 0.5f;
    series = series * r + 1.0f;
    series = series * r + 1.0f;
    return series * NUMBER((doublings + 127) << 23);
}

/* log((1 + s) / (1 - s)) for s within a third: its series up to s^15; relatively within 2e-7. */
ALWAYS lanes log_ratio(lanes s)
{
    const lanes square = s * s;
    lanes series = square * (1.0f / 15.0f) + 1.0f / 13.0f;
    series = series * square + 1.0f / 11.0f;
    series = series * square + 1.0f / 9.0f;
    series = series * square + 1.0f / 7.0f;
    series = series * square + 1.0f / 5.0f;
    series = series * square + 1.0f / 3.0f;
    series = series * square + 1.0f;
    return 2.0f * s * series;
}

/* The logarithm of a normal positive number. */
ALWAYS lanes logarithm(lanes x)
{
    const masks bits = BITS(x), doublings = (bits - 0x3f3504f3) >> 23; /* from the root of a half up */
    const lanes m = NUMBER(bits - doublings * (1 << 23));
    return AS_FLOAT(doublings) * 0.693147181f + log_ratio((m - 1.0f) / (m + 1.0f));
}

#define NEWTON 12 /* steps at most; where they do not suffice, the next pass goes on */

ALWAYS int logistic_step_of(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, float norm, float alone,
                            Py_ssize_t m, const int vectors)
{
    masks changed = {0}, remain = {0};
    for (int v = 0; v < vectors; v++) {
        const lanes cost = costs_at(costs, row, v, m), was = AT(alpha, v), C = absolute(cost);
        const masks sign = BITS(cost) & SIGN_BIT, on = WHERE(was >= 0.0f) & WHERE(AT(p->live, v) > 0.0f);
        const lanes base = NUMBER(BITS(AT(p->z, v)) ^ sign) + (alone - norm) * was, bend = C * norm;
        lanes a = was, low = all(0.0f), high = C, near = all(0.0f), moved;
        masks going = on;
        for (int newton = 0; newton < NEWTON; newton++) {
            const lanes x = least(most(base + norm * a, all(-80.0f)), all(80.0f));
            const lanes share = 1.0f / (1.0f + exponential(x)), off = a - C * share, size = absolute(off);
            const masks over = WHERE(off > 0.0f);
            low = choose(over, low, a);
            high = choose(over, a, high);
            /* a - off / (1 + rise), put so that nothing cancels out where C * share is far below a */
            const lanes rise = bend * share * (1.0f - share), step = (a * rise + C * share) / (1.0f + rise);
            const lanes middle = 0.5f * (low + high);
            /* Where a is one end of the bracket, a step too small for a float must not go to its middle. */
            const masks inside = (WHERE(step > low) & WHERE(step < high)) | WHERE(step == a);
            going &= WHERE(size > most(near, 4e-7f * a));
            if (newton == 0) near = 0.01f * size;
            const lanes next = choose(going, choose(inside, step, middle), a), by = next - a;
            a = next;
            /* A step leaves at most half the second derivative, below 0.097 * C * norm^2, times its square. */
            going &= WHERE(0.05f * bend * norm * by * by > near);
            if (!any(going)) break;
        }
        moved = a - was; /* nothing where the variable is not on: it did not go */
        AT(alpha, v) = a;
        AT(p->delta, v) = NUMBER(BITS(moved) ^ sign);
        changed |= WHERE(moved != 0.0f);
        remain |= on;
        moved *= 1.0f + 0.25f * bend;
        AT(p->estimate, v) += kept(on, moved * moved / C);
    }
    return any(changed) | (any(remain) << 1);
}

/* Minimise the logistic dual over the variables of one row, each by itself: find the a in (0, C) for which
   a = C / (1 + exp(margin + norm * (a - alpha))). The right side falls as a grows, so there is one. Newton's steps
   are kept in a bracket: plain ones diverge where C * norm is large. Returns as `hinge_step` does. */
CLONES static int logistic_step(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, float norm, float alone,
                                Py_ssize_t m)
{
    FOR_WIDTH(m, return logistic_step_of(p, alpha, costs, row, norm, alone, m, vectors))
}

ALWAYS void add_sums(double* to, lanes x, int v)
{
    ((sums*)to)[v] += AS_DOUBLE(x);
}

ALWAYS void hinge_gap_of(Problems* p, const float* alpha, const Costs* costs, Py_ssize_t row, float alone,
                         Py_ssize_t m, const int vectors)
{
    for (int v = 0; v < vectors; v++) {
        const lanes cost = costs_at(costs, row, v, m), a = most(AT(alpha, v), all(0.0f)), C = absolute(cost);
        const lanes z = NUMBER(BITS(AT(p->z, v)) ^ (BITS(cost) & SIGN_BIT)) + alone * a, short_of = 1.0f - z;
        const masks on = WHERE(C > 0.0f) & WHERE(AT(p->live, v) > 0.0f), loses = WHERE(short_of > 0.0f);
        const lanes half = a / (2.0f * C), off = short_of - half;
        add_sums(p->gap, kept(on, choose(loses, C * off * off, C * half * half - a * short_of)), v);
        /* The squared length of the weights is the sum of alpha * margin. */
        add_sums(p->primal, kept(on, 0.5f * a * z + kept(loses, C * short_of * short_of)), v);
    }
}

/* Add what a row has to the primal objective and the duality gap of the squared hinge: loss + conjugate + alpha * z,
   put so that nothing cancels out. */
CLONES static void hinge_gap(Problems* p, const float* alpha, const Costs* costs, Py_ssize_t row, float alone,
                             Py_ssize_t m)
{
    FOR_WIDTH(m, hinge_gap_of(p, alpha, costs, row, alone, m, vectors))
}

/* r * log(r / s) - r + s, which is not negative. */
ALWAYS lanes divergence(lanes r, lanes s)
{
    const lanes u = (r - s) / s;
    /* (1 + u) log(1 + u) - u: by its series, where its terms would cancel each other out */
    lanes series = u * (-1.0f / 30.0f) + 1.0f / 20.0f;
    series = 1.0f / 6.0f - u * (1.0f / 12.0f - u * series);
    const lanes close = s * u * u * (0.5f - u * series);
    const lanes plain = r * logarithm(most(r, all(1e-37f)) / s) - r + s;
    return choose(WHERE(absolute(u) < 0.1f), close, most(plain, all(0.0f)));
}

ALWAYS void logistic_gap_of(Problems* p, const float* alpha, const Costs* costs, Py_ssize_t row, float alone,
                            Py_ssize_t m, const int vectors)
{
    for (int v = 0; v < vectors; v++) {
        const lanes cost = costs_at(costs, row, v, m), a = most(AT(alpha, v), all(0.0f)), C = absolute(cost);
        const lanes z = NUMBER(BITS(AT(p->z, v)) ^ (BITS(cost) & SIGN_BIT)) + alone * a;
        const masks on = WHERE(C > 0.0f) & WHERE(AT(p->live, v) > 0.0f), right = WHERE(z > 0.0f);
        const lanes e = exponential(most(-absolute(z), all(-80.0f))), unlikely = e / (1.0f + e);
        const lanes lost = choose(right, unlikely, 1.0f - unlikely), won = choose(right, 1.0f - unlikely, unlikely);
        const lanes share = least(a / C, all(1.0f));
        const lanes loss = log_ratio(e / (2.0f + e)) + choose(right, all(0.0f), -z);
        add_sums(p->gap, kept(on, C * (divergence(share, lost) + divergence(1.0f - share, won))), v);
        add_sums(p->primal, kept(on, 0.5f * a * z + C * loss), v);
    }
}

/* The same of the logistic loss: C times the divergence of alpha / C from sigmoid(-z) (Kullback and Leibler). */
CLONES static void logistic_gap(Problems* p, const float* alpha, const Costs* costs, Py_ssize_t row, float alone,
                                Py_ssize_t m)
{
    FOR_WIDTH(m, logistic_gap_of(p, alpha, costs, row, alone, m, vectors))
}

#endif
