from __future__ import annotations

import pytest
from tests.unit.kitlab.laboratory import laboratory

from corelib import JobState
from corelib.errors import ValidationFailed
from kitlab.domain.user import User
from kitlab.ports import Email
from kitlab.use_cases.register_user import EmailTaken, RegisterUser

pytest.importorskip("cattrs")


class TestRegisterUser:
    class WhenTheAddressIsNobodys:
        def test_opens_an_account(self) -> None:
            lab = laboratory()

            identifier = lab.host.execute(RegisterUser("Ada", "Ada@Example.com"))

            (user,) = lab.all(User)
            assert (user.id, user.name, user.email) == (identifier, "Ada", "ada@example.com")
            assert user.registered_at == lab.clock.now()

        def test_writes_to_the_user(self) -> None:
            lab = laboratory()
            lab.host.execute(RegisterUser("Ada", "ada@example.com"))

            lab.host.run_due_jobs()

            text = "Dear Ada,\n\nyour account is open.\n"
            assert lab.sender.emails == (Email("ada@example.com", "Welcome to kitlab", text),)

    class WhenTheMailServiceLosesItsAnswer:
        def test_writes_once(self) -> None:
            lab = laboratory()
            lab.sender.will_time_out(after=True)
            lab.host.execute(RegisterUser("Ada", "ada@example.com"))
            lab.host.run_due_jobs()
            (waiting,) = lab.host.jobs.list(state=JobState.PENDING)

            lab.host.jobs.promote(waiting.id)
            lab.host.run_due_jobs()

            assert (len(lab.sender.calls), len(lab.sender.emails)) == (2, 1)

    class WhenTheAddressIsTaken:
        def test_refuses_and_enqueues_nothing(self) -> None:
            lab = laboratory()
            lab.host.execute(RegisterUser("Ada", "ada@example.com"))

            with pytest.raises(EmailTaken, match=r"ada@example\.com is another user's"):
                lab.host.execute(RegisterUser("Another Ada", "ADA@example.com"))

            assert [user.name for user in lab.all(User)] == ["Ada"]
            assert lab.host.jobs.count()[JobState.PENDING] == 1

    class WhenTheInputIsWrong:
        @pytest.mark.parametrize(("name", "email", "path"), [("", "a@example.com", "name"), ("Ada", "ada", "email")])
        def test_names_the_field(self, name: str, email: str, path: str) -> None:
            lab = laboratory()

            with pytest.raises(ValidationFailed) as refused:
                lab.host.submit(RegisterUser, {"name": name, "email": email})

            assert [problem.path for problem in refused.value.problems] == [path]
