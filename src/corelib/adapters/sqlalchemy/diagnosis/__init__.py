"""What `corelib doctor` finds out: whether a database server, or this machine, is as tests and production need it."""

from corelib.adapters.sqlalchemy.diagnosis.examining import diagnose
from corelib.adapters.sqlalchemy.diagnosis.machine import diagnose_machine
from corelib.adapters.sqlalchemy.diagnosis.model import Diagnosis, Finding, Purpose, State

__all__ = ["Diagnosis", "Finding", "Purpose", "State", "diagnose", "diagnose_machine"]
