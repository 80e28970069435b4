from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib import Host, Isolation
from corelib.adapters.standard import SystemClock
from corelib.errors import AlreadyExists
from corelib.testing.jobs import Jobs
from corelib.testing.plugin.race import Race
from kitlab.adapters.fakes import FakeEmailSender
from kitlab.adapters.tables import user as users
from kitlab.domain.user import User
from kitlab.testing.factories import Factories
from kitlab.use_cases.register_user import EmailTaken, register_user, send_welcome


def emails(connection: Connection) -> list[str]:
    return list(connection.execute(sa.select(users.c.email).order_by(users.c.email)).scalars())


class TestRegisterUser:
    class WhenTheAddressIsNobodys:
        def test_stores_the_user(self, app: Host, factories: Factories, db_connection: Connection) -> None:
            command = factories.register_user.build()

            identifier = app.execute(command)

            stored = db_connection.execute(sa.select(users)).one()
            assert (stored.id, stored.name, stored.email) == (identifier, command.name, command.email)

        def test_writes_to_the_user_once_the_job_runs(
            self, app: Host, factories: Factories, jobs: Jobs, sender: FakeEmailSender
        ) -> None:
            command = factories.register_user.build()
            app.execute(command)
            before = sender.emails

            jobs.run_all()

            assert before == ()
            assert [email.recipient for email in sender.emails] == [command.email]

        @pytest.mark.parametrize("name", ["Zoë 李 🧪", "שלום", "O'Brien -- ; DROP"])
        def test_keeps_names_of_every_script(
            self, app: Host, factories: Factories, db_connection: Connection, name: str
        ) -> None:
            app.execute(factories.register_user.build(name=name))

            assert db_connection.execute(sa.select(users.c.name)).scalar_one() == name

    class WhenTheAddressIsTaken:
        @pytest.mark.parametrize("write", [str.lower, str.upper, str.title])
        def test_is_refused_in_whatever_case_it_is_written(
            self, app: Host, factories: Factories, db_connection: Connection, write: object
        ) -> None:
            taken = factories.users.persisted(app)
            assert callable(write)

            with pytest.raises(EmailTaken, match=taken.email):
                app.execute(factories.register_user.build(email=write(taken.email)))

            assert emails(db_connection) == [taken.email]

        def test_welcomes_nobody(self, app: Host, factories: Factories, jobs: Jobs) -> None:
            taken = factories.users.persisted(app)

            with pytest.raises(EmailTaken):
                app.execute(factories.register_user.build(email=taken.email))

            assert jobs.stored(send_welcome) == []

    class WhenTheAddressWasTakenAMomentAgo:
        def test_is_refused_though_it_was_free_at_first(self, app: Host, factories: Factories) -> None:
            command = factories.register_user.build()

            with app.unit_of_work(isolation=Isolation.SNAPSHOT) as uow:
                uow.repository(User).count()
                app.execute(command)
                with pytest.raises(EmailTaken) as refused:
                    register_user(command, uow, SystemClock())

            assert isinstance(refused.value.__cause__, AlreadyExists)

    class WhenSeveralWantTheSameAddressAtOnce:
        def test_one_gets_it(
            self, app: Host, factories: Factories, jobs: Jobs, race: Race, db_connection: Connection
        ) -> None:
            command = factories.register_user.build()

            answers = race(4, lambda _: app.execute(command))

            assert sum(isinstance(answer, EmailTaken) for answer in answers) == 3
            assert emails(db_connection) == [command.email]
            assert len(jobs.stored(send_welcome)) == 1
