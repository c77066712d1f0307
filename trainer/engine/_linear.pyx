# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The inner loops of fitting and scoring. Callers check shapes and bounds: `trainer.engine.solver` and `.sparse`."""

from libc.math cimport exp, fabs, log, log1p
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free

cdef extern from "lanes.h":
    void PREFETCH(const void* address) noexcept nogil
    void add_stored(double* out, const float* row, double value, Py_ssize_t m) noexcept nogil
    float INACTIVE
    void gather(float* out, const float* weights, const int32_t* indices, const float* values, Py_ssize_t n,
                Py_ssize_t m) noexcept nogil
    void scatter(float* weights, const float* delta, const int32_t* indices, const float* values, Py_ssize_t n,
                 Py_ssize_t m) noexcept nogil
    int hinge_step(float* alpha, const float* cost, const float* z, float* delta, const float* live,
                   const float* before, float* highest, float* estimate, float norm, float alone, Py_ssize_t m
                   ) noexcept nogil

cdef enum:
    HINGE = 0
    LOGISTIC = 1


def sparse_dot(
    const int64_t[::1] indptr,
    const int32_t[::1] indices,
    const double[::1] values,
    const float[:, ::1] weights,
    double[:, ::1] out,
):
    """Add to ``out[i]`` the values of sparse row i times the rows of `weights`, in the order of the indices."""
    cdef Py_ssize_t row, entry
    cdef Py_ssize_t topics = weights.shape[1]
    if out.shape[0] == 0 or topics == 0:
        return
    with nogil:
        for row in range(out.shape[0]):
            for entry in range(indptr[row], indptr[row + 1]):
                add_stored(&out[row, 0], &weights[indices[entry], 0], values[entry], topics)


cdef inline double _sigmoid(double z) noexcept nogil:
    return 1.0 / (1.0 + exp(-z))


cdef double _logistic_step(double alpha, double cost, double margin, double norm) noexcept nogil:
    """Return the dual variable a with ``a = cost * sigmoid(-(margin + norm * (a - alpha)))``, or nearly.

    The right side falls as a grows, so there is one such a in (0, cost). Newton's steps towards it are kept in
    a bracket: plain ones diverge where ``cost * norm`` is large.
    """
    cdef double low = 0.0, high = cost, a = alpha, first = 0.0, share, off
    cdef int step
    for step in range(50):
        share = _sigmoid(-(margin + norm * (a - alpha)))
        off = a - cost * share
        if step == 0:
            first = fabs(off)
        elif fabs(off) <= 0.01 * first:
            break
        if off > 0:
            high = a
        else:
            low = a
        a -= off / (1.0 + cost * norm * share * (1.0 - share))
        if not low < a < high:
            a = 0.5 * (low + high)
    return a


cdef inline double _entropy_gap(double alpha, double cost, double margin) noexcept nogil:
    """Return loss + conjugate + alpha * margin of the logistic loss: ``cost * KL(alpha / cost, sigmoid(-margin))``."""
    cdef double loss = log1p(exp(-fabs(margin))) + (-margin if margin < 0 else 0.0)
    cdef double share = alpha / cost, conjugate = 0.0
    if share > 0:
        conjugate += alpha * log(share)
    if share < 1:
        conjugate += (cost - alpha) * log1p(-share)
    return cost * loss + conjugate + alpha * margin


cdef class Descent:
    """Dual coordinate descent on m problems over one matrix: each row is read once for all of them.

    It works in float32, on weights that stand for the dual variables; what it reports is computed from these
    in float64.

    Parameters
    ----------
    indptr, indices, values
        The matrix, without the features that stand in one row only.
    alone, norms : (n,) arrays of float32
        Squared lengths of what was left out of each row, and of the whole row, with the intercept's feature.
    cost : (n, stride) array of float32
        Negative where the label is "no"; 0 leaves a row out of a problem. `stride` is 1, 2, 3 or a multiple of
        4 up to 16, and m of it are problems.
    alpha : (n, stride) array of float32
        The dual variables: where to start, then the solution.

    References
    ----------
    Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", ICML 2008; Yu, Huang and Lin,
    "Dual coordinate descent methods for logistic regression and maximum entropy models", 2011.
    """

    cdef const int64_t[::1] indptr
    cdef const int32_t[::1] indices
    cdef const float[::1] values, alone, norms
    cdef const float[:, ::1] cost
    cdef float[:, ::1] alpha, weights
    cdef int loss
    cdef bint bias
    cdef Py_ssize_t n, m, stride
    cdef uint8_t* active  # whether a row has a part in the passes
    cdef float z[16]
    cdef float delta[16]
    cdef float live[16]  # 0 for a problem that is solved
    cdef float estimate[16]
    cdef float highest[16]  # projected gradient of this pass
    cdef float before[16]  # of the one before, for shrinking
    cdef double intercept[16]
    cdef double primal[16]
    cdef double gap[16]

    def __cinit__(self, indptr, indices, values, alone, norms, cost, alpha, weights, Py_ssize_t m, int loss, bint bias):
        self.indptr, self.indices, self.values, self.alone, self.norms = indptr, indices, values, alone, norms
        self.cost, self.alpha, self.weights, self.m = cost, alpha, weights, m
        self.loss, self.bias = loss, bias
        self.n, self.stride = self.cost.shape[0], self.cost.shape[1]
        self.active = <uint8_t*>calloc(max(self.n, 1), 1)
        if self.active == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.active)

    cdef inline void _margins(self, Py_ssize_t row) noexcept nogil:
        cdef Py_ssize_t k, start = self.indptr[row], length = self.indptr[row + 1] - start
        for k in range(self.stride):
            self.z[k] = <float>self.intercept[k] if self.bias else 0.0
        if length:
            gather(self.z, &self.weights[0, 0], &self.indices[start], &self.values[start], length, self.stride)

    cdef inline void _add(self, Py_ssize_t row) noexcept nogil:
        cdef Py_ssize_t k, start = self.indptr[row], length = self.indptr[row + 1] - start
        if length:
            scatter(&self.weights[0, 0], self.delta, &self.indices[start], &self.values[start], length, self.stride)
        if self.bias:
            for k in range(self.stride):
                self.intercept[k] += self.delta[k]

    cdef void _wake(self) noexcept nogil:
        """Take every row of each problem that is not solved into the passes again."""
        cdef Py_ssize_t row, k
        for row in range(self.n):
            self.active[row] = 0
            for k in range(self.stride):
                if self.cost[row, k] == 0:
                    self.alpha[row, k] = INACTIVE
                elif self.live[k] > 0:
                    self.alpha[row, k] = max(self.alpha[row, k], 0.0)
                    self.active[row] = 1
        for k in range(self.stride):
            self.before[k] = 1e30

    cdef void _weigh(self) noexcept nogil:
        """Make the weights that the dual variables stand for."""
        cdef Py_ssize_t row, k
        cdef float cost, alpha
        cdef bint some
        for row in range(self.weights.shape[0]):
            for k in range(self.stride):
                self.weights[row, k] = 0.0
        for k in range(self.stride):
            self.intercept[k] = 0.0
        for row in range(self.n):
            some = False
            for k in range(self.stride):
                cost, alpha = self.cost[row, k], self.alpha[row, k]
                self.delta[k] = 0.0
                if cost == 0 or alpha <= 0:
                    continue
                if self.loss == LOGISTIC and alpha >= fabs(cost):
                    self.alpha[row, k] = alpha = 0.999 * fabs(cost)
                self.delta[k] = alpha if cost > 0 else -alpha
                some = True
            if some:
                self._add(row)

    cdef inline int _logistic(self, Py_ssize_t row) noexcept nogil:
        """Minimise the logistic dual over the variables of one row; see `hinge_step`."""
        cdef Py_ssize_t k
        cdef int result = 0
        cdef double sign, C, alpha, changed, slope, norm = self.norms[row]
        for k in range(self.stride):
            self.delta[k] = 0.0
            alpha = self.alpha[row, k]
            if alpha < 0 or self.live[k] == 0:
                continue
            sign = -1.0 if self.cost[row, k] < 0 else 1.0
            C = sign * self.cost[row, k]
            changed = _logistic_step(alpha, C, sign * self.z[k] + self.alone[row] * alpha, norm)
            slope = (alpha - changed) * (1.0 + 0.25 * C * norm)
            self.estimate[k] += <float>(2.0 * slope * slope / C)
            self.alpha[row, k] = <float>changed
            self.delta[k] = <float>(sign * (<double>self.alpha[row, k] - alpha))
            result = 3
        return result

    cdef void _pass(self, const int32_t* order) noexcept nogil:
        cdef Py_ssize_t at, row, k, ahead
        cdef int result
        for k in range(self.stride):
            self.estimate[k] = self.highest[k] = 0.0
        for at in range(self.n):
            # Rows come in random order: what the next ones need is asked for early.
            if at + 16 < self.n:
                ahead = order[at + 16]
                PREFETCH(&self.active[ahead])
                PREFETCH(&self.indptr[ahead])
            if at + 8 < self.n and self.active[order[at + 8]]:
                ahead = order[at + 8]
                PREFETCH(&self.cost[ahead, 0])
                PREFETCH(&self.alpha[ahead, 0])
                PREFETCH(&self.norms[ahead])
                PREFETCH(&self.alone[ahead])
                ahead = self.indptr[ahead]
                if ahead < self.indices.shape[0]:
                    PREFETCH(&self.indices[ahead])
                    PREFETCH(&self.values[ahead])
            row = order[at]
            if not self.active[row]:
                continue
            self._margins(row)
            if self.loss == HINGE:
                result = hinge_step(&self.alpha[row, 0], &self.cost[row, 0], self.z, self.delta, self.live,
                                    self.before, self.highest, self.estimate, self.norms[row], self.alone[row],
                                    self.stride)
            else:
                result = self._logistic(row)
            if result & 1:
                self._add(row)
            self.active[row] = result >> 1
        for k in range(self.stride):
            self.before[k] = self.highest[k] if self.highest[k] > 0 else 1e30

    cdef void _measure(self) noexcept nogil:
        """Compute primal objective and duality gap of each problem."""
        cdef Py_ssize_t row, k
        cdef double C, alpha, z, loss
        for k in range(self.stride):
            self.gap[k] = self.primal[k] = 0.0
        for row in range(self.n):
            self._margins(row)
            for k in range(self.m):
                C = self.cost[row, k]
                if C == 0:
                    continue
                alpha = max(self.alpha[row, k], 0.0)
                z = (-self.z[k] if C < 0 else self.z[k]) + self.alone[row] * alpha
                C = fabs(C)
                if self.loss == HINGE:
                    loss = max(1.0 - z, 0.0)
                    self.gap[k] += C * loss * loss + alpha * alpha / (4.0 * C) - alpha * (1.0 - z)
                    loss *= loss
                else:
                    loss = log1p(exp(-fabs(z))) + (-z if z < 0 else 0.0)
                    self.gap[k] += _entropy_gap(alpha, C, z)
                # The squared length of the weights is the sum of alpha * margin.
                self.primal[k] += 0.5 * alpha * z + C * loss

    def run(self, double tol, int most, uint64_t seed, int32_t[::1] order):
        """Descend until each gap is at most `tol` of its objective, or for `most` passes.

        Returns
        -------
        intercept, primal, gap, passes : lists of m numbers
        """
        cdef Py_ssize_t k, i, j
        cdef int number = 0, left = <int>self.m, near
        cdef int32_t swapped
        cdef int passes[16]
        cdef uint64_t state = seed * <uint64_t>0x9E3779B97F4A7C15 + <uint64_t>0xD1B54A32D192ED03
        with nogil:
            for k in range(self.stride):
                self.live[k] = 1.0 if k < self.m else 0.0
                passes[k] = 0
            self._weigh()
            self._wake()
            self._measure()
            while number < most and left:
                for i in range(self.n - 1, 0, -1):  # Fisher and Yates, with a xorshift generator
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    j = <Py_ssize_t>((state >> 33) % <uint64_t>(i + 1))
                    swapped = order[i]
                    order[i] = order[j]
                    order[j] = swapped
                self._pass(&order[0])
                number += 1
                near = 0
                for k in range(self.m):
                    if self.live[k] > 0:
                        passes[k] = number
                        near += self.estimate[k] <= tol * self.primal[k]
                if near < left and number % 16 and number < most:
                    continue
                self._weigh()  # without what rounding added up
                self._measure()
                for k in range(self.m):
                    if self.live[k] > 0 and self.gap[k] <= tol * self.primal[k]:
                        self.live[k] = 0.0
                        left -= 1
                self._wake()
        m = self.m
        return ([self.intercept[k] for k in range(m)], [self.primal[k] for k in range(m)],
                [self.gap[k] for k in range(m)], [passes[k] for k in range(m)])
