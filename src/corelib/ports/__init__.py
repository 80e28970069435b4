"""The protocols through which the core reaches the outside; each docstring is the contract that every adapter keeps."""
