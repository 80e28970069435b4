"""What kitlab can be asked to do."""
