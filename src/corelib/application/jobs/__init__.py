"""Durable jobs: describing, enqueuing, running."""
