"""One room for each technology, the only place where its package is imported."""
