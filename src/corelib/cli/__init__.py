"""The `corelib` command."""
