"""Documents -> sentences and the rules that fire on them, in batches that are kept for the next build."""
