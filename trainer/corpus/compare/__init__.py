"""What changed between two corpora, and why."""
