"""From documents to a labelled corpus: read, cut into sentences, vote, label, group, split, store."""
