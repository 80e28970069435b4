"""Who takes part, one file each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.engine import Engine

from _persistence.contenders.contender import Contender
from _persistence.contenders.core import CoreContender
from _persistence.contenders.corelib import CorelibContender
from _persistence.contenders.orm import OrmContender
from corelib import Host

__all__ = ["CORE", "CORELIB", "ORM", "Contender", "available"]

CORE, CORELIB, ORM, ADVANCED_ALCHEMY = "Core by hand", "corelib", "ORM by hand", "advanced-alchemy"

Makers = Mapping[str, Callable[[Host, Engine], Contender]]


def available() -> tuple[Makers, str]:
    """Return who can take part, Core first, and a sentence about who cannot; empty if all can."""
    makers: dict[str, Callable[[Host, Engine], Contender]] = {
        CORE: lambda _, engine: CoreContender(engine),
        CORELIB: lambda host, _: CorelibContender(host),
        ORM: lambda _, engine: OrmContender(engine),
    }
    try:
        from _persistence.contenders.advanced import AdvancedContender  # noqa: PLC0415 - its package may be missing
    except ModuleNotFoundError:
        return makers, f"{ADVANCED_ALCHEMY} is left out: it is not installed (dependency group `bench`)."
    return {**makers, ADVANCED_ALCHEMY: lambda _, engine: AdvancedContender(engine)}, ""
