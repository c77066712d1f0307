"""Models taken elsewhere: as a folder, as a pipeline of scikit-learn, as a wheel that loads by itself."""
