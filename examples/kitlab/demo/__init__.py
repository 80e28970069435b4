"""The demonstration: a file of orders through the whole application, and whether the figures balance."""
