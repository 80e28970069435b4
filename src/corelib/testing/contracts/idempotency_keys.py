"""The contract of `corelib.ports.storage.Storage` about idempotency keys."""
# ruff: noqa: D102, D106, PT012 - the names of the tests are their sentences; a key is refused at the latest on commit

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

import pytest

from corelib.errors import AlreadyExists
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, transaction
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import Parcel, a_parcel


class IdempotencyKeyContract(StoreContract):
    """A key is there if, and only if, its transaction was committed."""

    port: ClassVar[str] = "Storage"

    class WhenAKeyWasStored:
        def test_remembers_it(self, storage: Storage) -> None:
            key = f"key-{uuid4()}"
            before = storage.remembers(key)

            with transaction(storage) as begun:
                begun.remember(key)

            assert (before, storage.remembers(key)) == (False, True)

        def test_takes_200_characters_of_any_script(self, storage: Storage) -> None:
            key = "ключ 🔑 " + "x" * (200 - 7)

            with transaction(storage) as begun:
                begun.remember(key)

            assert storage.remembers(key)

        def test_tells_upper_from_lower_case(self, storage: Storage) -> None:
            key = f"key-{uuid4()}"

            with transaction(storage) as begun:
                begun.remember(key)
                begun.remember(key.upper())

            assert storage.remembers(key.upper())
            assert not storage.remembers(key.capitalize())

        def test_refuses_it_a_second_time_with_all_that_belongs_to_it(self, storage: Storage) -> None:
            key, parcel = f"key-{uuid4()}", a_parcel()
            with transaction(storage) as begun:
                begun.remember(key)

            with pytest.raises(AlreadyExists), transaction(storage) as begun:
                begun.repository(Parcel).add(parcel)
                begun.remember(key)

            with transaction(storage) as begun:
                assert begun.repository(Parcel).find(parcel.id) is None

    class WhenItsTransactionWasRolledBack:
        def test_does_not_know_it(self, storage: Storage) -> None:
            key = f"key-{uuid4()}"

            begun = storage.begin()
            begun.remember(key)
            begun.flush()
            begun.rollback()

            assert not storage.remembers(key)

        def test_does_not_know_it_after_a_savepoint_either(self, storage: Storage) -> None:
            key = f"key-{uuid4()}"

            with transaction(storage) as begun:
                savepoint = begun.savepoint()
                begun.remember(key)
                savepoint.rollback()

            assert not storage.remembers(key)

        def test_can_be_stored_anew(self, storage: Storage) -> None:
            key = f"key-{uuid4()}"
            begun = storage.begin()
            begun.remember(key)
            begun.rollback()

            with transaction(storage) as begun:
                begun.remember(key)

            assert storage.remembers(key)

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    class WhenItsTransactionIsOpen:
        def test_lets_another_key_be_stored(self, storage: Storage) -> None:
            first, second = f"key-{uuid4()}", f"key-{uuid4()}"

            with transaction(storage) as begun:
                begun.remember(first)
                with transaction(storage) as other:
                    other.remember(second)

            assert storage.remembers(first)
            assert storage.remembers(second)
