"""The engine as scikit-learn estimators: a vectorizer, a classifier, and both in one for raw texts."""
