"""Parts of the benchmark of persistence."""
