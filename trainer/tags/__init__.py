"""What a model says of documents, as tables, summaries, charts and evidence; and the record of each."""
