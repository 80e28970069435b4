"""Retries with exponential backoff, jitter and a cap, by stamina. Needs the extra `retry`."""

from corelib.adapters.stamina.retrier import StaminaRetrier

__all__ = ["StaminaRetrier"]
