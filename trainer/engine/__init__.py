"""The compiled core: n-grams, lexicons, sparse products and the linear solver, and what serves without it."""


def engine() -> str:
    """Return which engine is in use: "compiled", or "scikit-learn" where there was no compiler."""
    try:
        from trainer.engine import _lexicons, _linear, _ngrams  # noqa: F401
    except ImportError:
        return "scikit-learn"
    return "compiled"
