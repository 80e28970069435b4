"""Validation and JSON with cattrs (extra `cattrs`)."""

from corelib.adapters.cattrs.codec import CattrsCodec

__all__ = ["CattrsCodec"]
