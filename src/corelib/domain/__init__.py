"""Values and rules without any technology: the standard library and attrs, nothing else."""
