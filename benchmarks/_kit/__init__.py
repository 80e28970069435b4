"""The parts of the benchmark `kit`."""
