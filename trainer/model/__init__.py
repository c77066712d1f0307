"""From sentences to decisions: features, linear model, calibration, thresholds, the tagger."""
