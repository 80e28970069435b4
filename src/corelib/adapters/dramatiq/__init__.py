"""Waking and running jobs with Dramatiq (extras `dramatiq`, `rabbitmq`, `redis`)."""

from corelib.adapters.dramatiq.broker import create_broker
from corelib.adapters.dramatiq.transport import DramatiqTransport
from corelib.adapters.dramatiq.worker import DramatiqWorker

__all__ = ["DramatiqTransport", "DramatiqWorker", "create_broker"]
