"""What is asked of a named lock, checked once for all adapters."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from attrs import frozen

from corelib.errors import MisuseError

LONGEST_NAME = 200
LONGEST_OWNER = 100
LONGEST_TIMEOUT = timedelta(days=1)
_NAMESPACE = b"corelib lock"


@frozen
class LockRequest:
    """A wish for a lock.

    Args:
        name: any text of 1 to 200 characters; case and blanks at its ends count.
        timeout: how long to wait, from nothing to one day.
        owner: who asks, a text of 1 to 100 characters, for those who find the lock taken.

    Raises:
        MisuseError: if one of them is not so.
    """

    name: str
    timeout: timedelta
    owner: str

    def __attrs_post_init__(self) -> None:
        _check_length("name", self.name, LONGEST_NAME)
        _check_length("owner", self.owner, LONGEST_OWNER)
        if not timedelta(0) <= self.timeout <= LONGEST_TIMEOUT:
            raise MisuseError(
                f"A lock was asked for with a timeout of {self.timeout}.",
                hint=f"Wait for something between 0, which is not at all, and {LONGEST_TIMEOUT}.",
            )

    @property
    def milliseconds(self) -> int:
        """Return the timeout in milliseconds, no time other than zero as zero."""
        whole, rest = divmod(self.timeout, timedelta(milliseconds=1))
        return whole + bool(rest)

    def digest(self, size: int) -> bytes:
        """Return the name as so many bytes, for engines that take no name of any length and any characters.

        It is BLAKE2b in a namespace of its own (RFC 7693, "personalization"), the same in every version of corelib:
        processes of different versions share locks.
        """
        text = self.name.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=size, person=_NAMESPACE).digest()


def _check_length(what: str, text: str, longest: int) -> None:
    if not 1 <= len(text) <= longest:
        raise MisuseError(f"The {what} of a lock has {len(text)} characters.", hint=f"Give it 1 to {longest}.")


def ended(name: str) -> MisuseError:
    """Return the error for a lock that is asked about after its block."""
    return MisuseError(f"The lock {name!r} was checked after its block.", hint="Check it within the block.")
