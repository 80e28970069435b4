"""Plans, made without a server: they are values and texts, and nothing here connects or waits."""
