# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The inner loop of scoring. Callers check shapes and bounds; `trainer.model.sparse` is the only one."""


def sparse_dot(
    const long long[::1] indptr,
    const long long[::1] indices,
    const double[::1] values,
    const float[:, ::1] weights,
    double[:, ::1] out,
):
    """Add to ``out[i]`` the values of sparse row i times the rows of `weights`, in the order of the indices."""
    cdef Py_ssize_t row, entry, topic
    cdef double value
    cdef const float* weight
    cdef double* margin
    cdef Py_ssize_t topics = weights.shape[1]
    if out.shape[0] == 0 or topics == 0:
        return
    with nogil:
        for row in range(out.shape[0]):
            margin = &out[row, 0]
            for entry in range(indptr[row], indptr[row + 1]):
                value = values[entry]
                weight = &weights[indices[entry], 0]
                for topic in range(topics):
                    margin[topic] += value * weight[topic]
