"""From sentences to decisions: features, linear model, calibration, thresholds, and the tagger made of them."""
