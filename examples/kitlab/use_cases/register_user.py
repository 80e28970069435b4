"""Opening an account."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from attrs import field, frozen

from corelib import Backoff, Clock, Command, JobRun, UnitOfWork, job, new_id, where
from corelib.errors import AlreadyExists, CorelibError
from kitlab.domain.texts import check_email, check_name
from kitlab.domain.user import User
from kitlab.ports import Email, EmailSender


class EmailTaken(CorelibError):
    """Another user has this e-mail address."""


@frozen
class RegisterUser(Command[UUID]):
    """Open an account; answered by the user's identifier."""

    name: str = field(validator=check_name)
    email: str = field(validator=check_email)


@frozen
class Welcome:
    """Whom to welcome."""

    name: str
    email: str


def register_user(command: RegisterUser, uow: UnitOfWork, clock: Clock) -> UUID:
    """Store the user and have them welcomed.

    Raises:
        EmailTaken: if the address is another user's, in whatever case it is written.
    """
    users = uow.repository(User)
    email = command.email.lower()
    if users.exists(where("email") == email):
        raise _taken(email)
    user = User(new_id(), command.name, email, clock.now())
    users.add(user)
    uow.jobs.enqueue(send_welcome, Welcome(user.name, user.email))
    try:
        uow.flush()
    except AlreadyExists as error:  # somebody else was as quick
        raise _taken(email) from error
    return user.id


@job(queue="email", attempts=5, backoff=Backoff(first=timedelta(seconds=1)), timeout=timedelta(seconds=20))
def send_welcome(payload: Welcome, run: JobRun, sender: EmailSender) -> None:
    """Write to a new user."""
    email = Email(payload.email, "Welcome to kitlab", f"Dear {payload.name},\n\nyour account is open.\n")
    sender.send(email, idempotency_key=run.idempotency_key)


def _taken(email: str) -> EmailTaken:
    return EmailTaken(f"The e-mail address {email} is another user's.", hint="Sign in, or take another address.")
