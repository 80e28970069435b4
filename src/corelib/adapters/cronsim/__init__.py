"""Cron expressions by the package cronsim."""

from __future__ import annotations

from corelib.adapters.cronsim.reader import CronsimReader

__all__ = ["CronsimReader"]
