"""Steps of scikit-learn pipelines, under the names that stay.

A joblib file names a step by this path, and so can be loaded by any later version.
"""

from trainer.model.estimators import LexiconVectorizer
from trainer.model.learners.classifier import JointLinearClassifier
from trainer.model.learners.topics import TopicClassifier
from trainer.model.learners.vectorizer import NgramTfidfVectorizer

__all__ = ["JointLinearClassifier", "LexiconVectorizer", "NgramTfidfVectorizer", "TopicClassifier"]
