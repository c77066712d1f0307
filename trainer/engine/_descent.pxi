# Dual coordinate descent. Included by `_linear.pyx`, after `_rows.pxi`.

cdef extern from "descent.h":
    enum: MOST_LANES
    enum: WIDTH
    float INACTIVE
    ctypedef struct Problems:
        float live[16]
        float estimate[16]
        float highest[16]
        float before[16]
        double intercept[16]
        double primal[16]
        double gap[16]
    ctypedef struct Costs:
        const float* numbers
        const uint8_t* codes
        const float* table
        int n_codes
    float cost_at(const Costs* costs, Py_ssize_t row, Py_ssize_t k, Py_ssize_t m) noexcept nogil
    void find_margins(Problems* p, const float* weights, const int32_t* indices, const float* values, Py_ssize_t n,
                      Py_ssize_t m) noexcept nogil
    void add_row(Problems* p, float* weights, const int32_t* indices, const float* values, Py_ssize_t n, int bias,
                 Py_ssize_t m) noexcept nogil
    void lone_weights(float* to, const float* alpha, const Costs* costs, Py_ssize_t row, float value, Py_ssize_t m
                      ) noexcept nogil
    int wake(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, Py_ssize_t m) noexcept nogil
    int starts(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, float most_share, Py_ssize_t m
               ) noexcept nogil
    int hinge_step(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, float norm, float alone,
                   Py_ssize_t m) noexcept nogil
    int logistic_step(Problems* p, float* alpha, const Costs* costs, Py_ssize_t row, float norm, float alone,
                      Py_ssize_t m) noexcept nogil
    void hinge_gap(Problems* p, const float* alpha, const Costs* costs, Py_ssize_t row, float alone, Py_ssize_t m
                   ) noexcept nogil
    void logistic_gap(Problems* p, const float* alpha, const Costs* costs, Py_ssize_t row, float alone, Py_ssize_t m
                      ) noexcept nogil

cdef enum:
    HINGE = 0
    LOGISTIC = 1
    SOON = 3  # rows that are unpacked before they are needed, while their weights come
    ASKED = 400  # entries of such a row, at most, whose weights are asked for
    SOME_AHEAD = 16  # rows of weights that are asked for before they are written
    SUMMED = 3  # the pass that first tells the objective: with that of no weights, gaps would seem small too early
    MEASURED = 16  # passes after which gaps are computed anyway: some may be small enough, and rounding adds up
    BEYOND = 4  # times what the passes tell of it, at most, that a gap is taken to be


cdef inline void _shuffle(int32_t* order, Py_ssize_t n, uint64_t* state) noexcept nogil:
    """Shuffle by Fisher's and Yates's method, with a xorshift generator (Marsaglia 2003)."""
    cdef Py_ssize_t i, j
    cdef int32_t swapped
    cdef uint64_t x = state[0]
    for i in range(n - 1, 0, -1):
        x ^= x << 13
        x ^= x >> 7
        x ^= x << 17
        j = <Py_ssize_t>((x >> 33) % <uint64_t>(i + 1))
        swapped = order[i]
        order[i] = order[j]
        order[j] = swapped
    state[0] = x


@cython.final
cdef class Descent:
    """Dual coordinate descent on m problems over one matrix: each row is read once for all of them.

    It works in float32, on weights that stand for the dual variables.

    Parameters
    ----------
    rows : Rows
        The matrix, without the features that stand in one row only.
    alone, norms : (n,) arrays of float32
        Squared lengths of what was left out of each row, and of the whole row, with the intercept's feature.
    numbers : (n, lanes) array of float32, optional
        Costs: negative where the label is "no"; 0 leaves a row out of a problem.
    codes, table : (n, lanes) array of uint8, (c, lanes) array of float32
        The costs, where `numbers` is None: their codes, and what a code stands for in each problem.
    alpha : (n, lanes) array of float32
        The dual variables: where to start, then the solution. `lanes` is 8 or 16, and m of it are problems.
    weights : (width, lanes) array of float32
        Room for the weights.

    References
    ----------
    Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", ICML 2008; Yu, Huang and Lin,
    "Dual coordinate descent methods for logistic regression and maximum entropy models", 2011.
    """

    cdef Rows rows
    cdef Row taken[SLOTS]
    cdef const float[::1] alone, norms
    cdef const float[:, ::1] numbers, table
    cdef const uint8_t[:, ::1] codes
    cdef float[:, ::1] alpha, weights
    cdef int loss
    cdef bint bias
    cdef Py_ssize_t n, m, lanes
    cdef uint8_t* active  # whether a row has a part in the passes
    cdef Costs costs
    cdef Problems p

    def __cinit__(self, Rows rows, alone, norms, numbers, codes, table, alpha, weights, Py_ssize_t m, int loss, bint bias):
        self.rows, self.alone, self.norms = rows, alone, norms
        self.alpha, self.weights, self.m, self.loss, self.bias = alpha, weights, m, loss, bias
        self.n, self.lanes = self.alpha.shape[0], self.alpha.shape[1]
        if self.lanes % 8 or not self.m <= self.lanes <= MOST_LANES or self.weights.shape[1] != self.lanes:
            raise ValueError(f"{self.m} problems in {self.lanes} lanes, {self.weights.shape[1]} of weights")
        memset(&self.p, 0, sizeof(Problems))
        memset(&self.costs, 0, sizeof(Costs))
        if numbers is not None:
            self.numbers = numbers
        else:
            self.codes, self.table = codes, table
        if self.n:
            if numbers is not None:
                self.costs.numbers = &self.numbers[0, 0]
            else:
                self.costs.codes, self.costs.table = &self.codes[0, 0], &self.table[0, 0]
                self.costs.n_codes = <int>self.table.shape[0]
        self.active = <uint8_t*>calloc(max(self.n, 1), 1)
        if self.active == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.active)

    cdef inline float _cost(self, Py_ssize_t row, Py_ssize_t k) noexcept nogil:
        return cost_at(&self.costs, row, k, self.lanes)

    cdef inline void _margins(self, const Row* row) noexcept nogil:
        find_margins(&self.p, &self.weights[0, 0], row.columns, row.values, row.n, self.lanes)

    cdef inline void _add(self, const Row* row) noexcept nogil:
        add_row(&self.p, &self.weights[0, 0], row.columns, row.values, row.n, self.bias, self.lanes)

    cdef inline void _take(self, Py_ssize_t row, Py_ssize_t at) noexcept nogil:
        """Take the row that comes at this place, and ask for its weights."""
        cdef Py_ssize_t entry, slot = at & (SLOTS - 1)
        self.rows.take(row, slot, &self.taken[slot])
        for entry in range(min(self.taken[slot].n, ASKED)):
            PREFETCH(&self.weights[self.taken[slot].columns[entry], 0])

    cdef inline void _fetch(self, Py_ssize_t row) noexcept nogil:
        """Ask for all of a row but the weights."""
        if self.costs.numbers != NULL:
            PREFETCH(&self.numbers[row, 0])
        else:
            PREFETCH(&self.codes[row, 0])
        PREFETCH(&self.alpha[row, 0])
        PREFETCH(&self.norms[row])
        PREFETCH(&self.alone[row])
        self.rows.fetch(row)

    cdef void _wake(self) noexcept nogil:
        """Take every row of each problem that is not solved into the passes again."""
        cdef Py_ssize_t row, k
        for row in range(self.n):
            self.active[row] = wake(&self.p, &self.alpha[row, 0], &self.costs, row, self.lanes)
        for k in range(self.lanes):
            self.p.before[k] = 1e30

    cdef bint _weigh(self) noexcept nogil:
        """Make the weights that the dual variables stand for; return whether any is not 0."""
        cdef Py_ssize_t row, k
        cdef bint any_ = False
        cdef float most_share = 0.999 if self.loss == LOGISTIC else INFINITY
        memset(&self.weights[0, 0], 0, self.weights.shape[0] * self.lanes * sizeof(float))
        for k in range(self.lanes):
            self.p.intercept[k] = 0.0
        for row in range(min(SOON, self.n)):
            self._take(row, row)
        for row in range(self.n):
            if row + SOON < self.n:
                self._take(row + SOON, row + SOON)
            if starts(&self.p, &self.alpha[row, 0], &self.costs, row, most_share, self.lanes):
                self._add(&self.taken[row & (SLOTS - 1)])
                any_ = True
        return any_

    cdef void _pass(self, const int32_t* order, bint summing) noexcept nogil:
        """Visit every row once. Rows come in random order: what the next ones need is asked for early.

        With `summing`, primal objective and gap are summed up as they are when each row is visited: not exactly.
        """
        cdef Py_ssize_t at, row, k
        cdef int result
        cdef Row* taken
        if summing:
            self._sum_anew()
        for k in range(self.lanes):
            self.p.estimate[k] = self.p.highest[k] = 0.0
        for at in range(min(SOON, self.n)):
            self._take(order[at], at)
        for at in range(self.n):
            if at + 16 < self.n:
                PREFETCH(&self.active[order[at + 16]])
                self.rows.fetch_place(order[at + 16])
            if at + 8 < self.n and self.active[order[at + 8]]:
                self._fetch(order[at + 8])
            if at + SOON < self.n and self.active[order[at + SOON]]:
                self._take(order[at + SOON], at + SOON)
            row = order[at]
            if not self.active[row]:
                continue
            taken = &self.taken[at & (SLOTS - 1)]
            self._margins(taken)
            if summing:
                self._sum(row)
            if self.loss == HINGE:
                result = hinge_step(&self.p, &self.alpha[row, 0], &self.costs, row, self.norms[row],
                                    self.alone[row], self.lanes)
            else:
                result = logistic_step(&self.p, &self.alpha[row, 0], &self.costs, row, self.norms[row],
                                       self.alone[row], self.lanes)
            if result & 1:
                self._add(taken)
            self.active[row] = result >> 1
        for k in range(self.lanes):
            self.p.before[k] = self.p.highest[k] if self.p.highest[k] > 0 else 1e30

    cdef void _measure(self) noexcept nogil:
        """Compute primal objective and duality gap of each problem that is not solved."""
        cdef Py_ssize_t row
        self._sum_anew()
        for row in range(min(SOON, self.n)):
            self._take(row, row)
        for row in range(self.n):
            if row + SOON < self.n:
                self._take(row + SOON, row + SOON)
            self._margins(&self.taken[row & (SLOTS - 1)])
            self._sum(row)

    cdef void _sum_anew(self) noexcept nogil:
        cdef Py_ssize_t k
        for k in range(self.lanes):
            if self.p.live[k] > 0:
                self.p.gap[k] = self.p.primal[k] = 0.0

    cdef inline void _sum(self, Py_ssize_t row) noexcept nogil:
        if self.loss == HINGE:
            hinge_gap(&self.p, &self.alpha[row, 0], &self.costs, row, self.alone[row], self.lanes)
        else:
            logistic_gap(&self.p, &self.alpha[row, 0], &self.costs, row, self.alone[row], self.lanes)

    cdef void _measure_nothing(self) noexcept nogil:
        """Compute what `_measure` would where all dual variables, and so all weights, are 0."""
        cdef Py_ssize_t row, k
        cdef double loss = 1.0 if self.loss == HINGE else log(2.0)
        for row in range(self.n):
            for k in range(self.m):
                self.p.primal[k] += fabs(self._cost(row, k)) * loss
        for k in range(self.m):
            self.p.gap[k] = self.p.primal[k]

    cdef double _share(self, double tol) noexcept nogil:
        """Return the mean over the problems of how far their gaps are, by what the last pass tells."""
        cdef Py_ssize_t k
        cdef double share, total = 0.0
        for k in range(self.m):
            share = 1.0
            if self.p.live[k] > 0 and self.p.estimate[k] > tol * self.p.primal[k]:
                share = log(self.p.estimate[k] / self.p.primal[k]) / log(tol)
            total += max(share, 0.0)
        return total / self.m

    def run(self, double tol, int most, uint64_t seed, told=None):
        """Descend until each gap is at most `tol` of its objective, or for `most` passes.

        Parameters
        ----------
        told : callable, optional
            Called before each pass with how far the gaps are, as a share of the digits that they must lose; what
            it raises ends the descent.

        Returns
        -------
        intercept, primal, gap, passes : lists of m numbers
        """
        cdef Py_ssize_t k
        cdef int32_t[::1] order = np.arange(self.n, dtype=np.int32)
        cdef int number = 0, left = <int>self.m, near, summed = SUMMED
        cdef int passes[16]
        cdef double beyond[16]  # how many times what the passes told of it a gap was, when it was computed
        cdef uint64_t state = seed * <uint64_t>0x9E3779B97F4A7C15 + <uint64_t>0xD1B54A32D192ED03
        for k in range(self.lanes):
            self.p.live[k] = 1.0 if k < self.m else 0.0
            passes[k], beyond[k] = 0, 1.0
        with nogil:
            if self._weigh():
                self._wake()
                self._measure()
            else:
                self._wake()
                self._measure_nothing()
        while number < most and left:
            if told is not None:
                told(self._share(tol) if number else 0.0)
            with nogil:
                _shuffle(&order[0], self.n, &state)
                number += 1
                self._pass(&order[0], number == summed)
                if number == summed:
                    summed *= 4
                near = 0
                for k in range(self.m):
                    if self.p.live[k] > 0:
                        passes[k] = number
                        near += beyond[k] * self.p.estimate[k] <= tol * self.p.primal[k]
                if near < left and number % MEASURED and number < most:
                    continue
                self._weigh()  # without what rounding added up
                self._measure()
                for k in range(self.m):
                    if self.p.live[k] > 0 and self.p.gap[k] <= tol * self.p.primal[k]:
                        self.p.live[k] = 0.0
                        left -= 1
                    elif self.p.live[k] > 0:
                        beyond[k] = min(max(self.p.gap[k] / self.p.estimate[k], 1.0), BEYOND)
                self._wake()
        m = self.m
        return ([self.p.intercept[k] for k in range(m)], [self.p.primal[k] for k in range(m)],
                [self.p.gap[k] for k in range(m)], [passes[k] for k in range(m)])

    def put(self, float[:, ::1] coef, Py_ssize_t first, const int32_t[::1] shared):
        """Write the weights of features that stand in several rows, from column `first` of `coef` on.

        Parameters
        ----------
        shared : array of int32
            Where in `coef` each of them goes.
        """
        cdef Py_ssize_t at, n = shared.shape[0]
        self._refuse_outside(coef, first, shared)
        if self.weights.shape[0] < n:
            raise ValueError(f"{n} features have weights, not {self.weights.shape[0]}")
        with nogil:
            for at in range(n):
                self._ask_for(coef, shared[min(at + SOME_AHEAD, n - 1)], first)
                memcpy(&coef[shared[at], first], &self.weights[at, 0], self.m * sizeof(float))

    def put_lone(self, float[:, ::1] coef, Py_ssize_t first, const int32_t[::1] columns, const int64_t[::1] rows,
                 const float[::1] values):
        """Write the weights of features that stand in one row, from column `first` of `coef` on."""
        cdef Py_ssize_t at, n = columns.shape[0]
        cdef float found[MOST_LANES]
        self._refuse_outside(coef, first, columns)
        if not n == rows.shape[0] == values.shape[0]:
            raise ValueError("not as many rows and values as features")
        if n and not 0 <= np.min(rows) <= np.max(rows) < self.n:
            raise ValueError("a feature stands in a row that is not there")
        with nogil:
            for at in range(n):
                self._ask_for(coef, columns[min(at + SOME_AHEAD, n - 1)], first)
                lone_weights(found, &self.alpha[rows[at], 0], &self.costs, rows[at], values[at], self.lanes)
                memcpy(&coef[columns[at], first], found, self.m * sizeof(float))

    cdef inline void _ask_for(self, float[:, ::1] coef, Py_ssize_t column, Py_ssize_t first) noexcept nogil:
        """Ask for where weights go."""
        prefetch_all(<const char*>&coef[column, first], self.m * sizeof(float))

    cdef int _refuse_outside(self, float[:, ::1] coef, Py_ssize_t first, const int32_t[::1] columns) except -1:
        if self.m == 0 or not 0 <= first <= coef.shape[1] - self.m:
            raise ValueError(f"weights of {self.m} problems do not go to {coef.shape[1]} from {first} on")
        if columns.shape[0] and not 0 <= np.min(columns) <= np.max(columns) < coef.shape[0]:
            raise ValueError(f"a feature is beyond the {coef.shape[0]} that there are")
        return 0
