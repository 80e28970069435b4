"""The contenders, by the name that the table shows; each is imported only when it runs."""

from __future__ import annotations

import importlib

from _jobs.contender import Contender, Place

CORELIB, LOSSY, HAND, PROCRASTINATE = "corelib", "corelib, durable=False", "hand-written loop", "Procrastinate"
DRAMATIQ, CELERY = "raw Dramatiq", "Celery"
MODULES = {
    CORELIB: "durable",
    LOSSY: "lossy",
    HAND: "hand",
    PROCRASTINATE: "procrastinate",
    DRAMATIQ: "dramatiq",
    CELERY: "celery",
}
WITHOUT_BROKER = (HAND, PROCRASTINATE)


def make(name: str, place: Place) -> Contender:
    """Connect a contender."""
    module = importlib.import_module(f"_jobs.contenders.{MODULES[name]}_")
    contender: Contender = module.connect(place)
    return contender
