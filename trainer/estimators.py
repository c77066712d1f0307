"""Steps of scikit-learn pipelines, under the names that stay.

A joblib file of a model with lexicons names its step by this path, and so can be loaded by any later version.
"""

from trainer.model.estimators import LexiconVectorizer

__all__ = ["LexiconVectorizer"]
