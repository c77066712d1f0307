"""Steps of scikit-learn pipelines, under the names that stay.

A joblib file names a step by this path, and so can be loaded by any later version.
"""

from trainer.model.estimators import LexiconVectorizer
from trainer.model.learners import JointLinearClassifier, NgramTfidfVectorizer, TopicClassifier

__all__ = ["JointLinearClassifier", "LexiconVectorizer", "NgramTfidfVectorizer", "TopicClassifier"]
