from __future__ import annotations

import pytest

from corelib.errors import AuthenticationFailed, CorelibError, InvalidSetting, ServerUnreachable

pytest.importorskip("dramatiq")
from dramatiq.errors import ConnectionClosed, ConnectionFailed, DramatiqError

from corelib.adapters.dramatiq.failures import translated

URL = "amqp://user:s3cret@broker:5671/"


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def raised_for(error: Exception, url: str = URL) -> CorelibError:
    with pytest.raises(CorelibError) as caught, translated(url):
        raise error
    return caught.value


class TestTranslated:
    @pytest.mark.parametrize(
        "error",
        [
            ConnectionClosed("gone"),
            ConnectionFailed("gone"),
            DramatiqError("odd"),
            ConnectionRefusedError(111, "Connection refused"),
            TimeoutError("timed out"),
        ],
    )
    def test_says_that_nobody_answers(self, error: Exception) -> None:
        raised = raised_for(error)

        assert type(raised) is ServerUnreachable
        assert raised.message == f"The broker at amqp://broker:5671 does not answer ({type(error).__name__})."
        assert raised.hint == "Check host and port, and that the broker runs."

    def test_chains_the_error_of_the_client(self) -> None:
        error = ConnectionClosed("gone")

        assert raised_for(error).__cause__ is error

    @pytest.mark.parametrize(
        ("url", "where"),
        [
            ("redis://:s3cret@cache/0", "redis://cache:default port"),
            ("amqp://", "amqp://localhost:default port"),
            ("rediss://user:s3cret@cache:6380/0?password=s3cret", "rediss://cache:6380"),
        ],
    )
    def test_says_where_and_shows_no_secret(self, url: str, where: str) -> None:
        raised = raised_for(ConnectionClosed("gone"), url)

        assert f"at {where} does" in raised.message
        assert "s3cret" not in str(raised)

    class WhenTheLoginIsRefused:
        def test_says_so_for_rabbitmq(self) -> None:
            exceptions = pytest.importorskip("pika.exceptions")
            refusals = [
                exceptions.ProbableAuthenticationError(403, "ACCESS_REFUSED"),
                exceptions.ProbableAccessDeniedError(530, "NOT_ALLOWED"),
            ]

            raised = [raised_for(refusal) for refusal in refusals]

            assert [type(error) for error in raised] == [AuthenticationFailed, AuthenticationFailed]
            assert raised[0].message == (
                "The broker at amqp://broker:5671 refuses the login (ProbableAuthenticationError)."
            )
            assert raised[0].hint == "Check user, password and virtual host of the broker URL."

        def test_says_so_for_redis(self) -> None:
            exceptions = pytest.importorskip("redis.exceptions")
            refusals = [
                exceptions.AuthenticationError("invalid username-password pair"),
                exceptions.NoPermissionError("NOPERM"),
                exceptions.ResponseError("NOAUTH Authentication required."),
            ]

            raised = [raised_for(refusal) for refusal in refusals]

            assert {type(error) for error in raised} == {AuthenticationFailed}

        def test_says_so_if_that_stands_behind_another_error(self) -> None:
            exceptions = pytest.importorskip("pika.exceptions")
            refusal = exceptions.ProbableAuthenticationError(403, "no")
            errors = [
                ConnectionClosed(refusal),
                caused_by(ConnectionFailed("gone"), refusal),
                caused_by(ConnectionFailed("gone"), caused_by(ConnectionClosed("gone"), refusal)),
            ]

            raised = [raised_for(error) for error in errors]

            assert {type(error) for error in raised} == {AuthenticationFailed}

    class WhenTheClientFailsOtherwise:
        def test_says_that_nobody_answers(self) -> None:
            pika, redis = pytest.importorskip("pika.exceptions"), pytest.importorskip("redis.exceptions")

            raised = [raised_for(pika.AMQPConnectionError("gone")), raised_for(redis.ConnectionError("gone"))]

            assert {type(error) for error in raised} == {ServerUnreachable}

    class WhenTheErrorIsNotTheBrokers:
        @pytest.mark.parametrize("error", [ZeroDivisionError("a fault of ours"), InvalidSetting("known already")])
        def test_leaves_it_as_it_is(self, error: Exception) -> None:
            with pytest.raises(type(error)) as caught, translated(URL):
                raise error

            assert caught.value is error

    class WhenNothingFails:
        def test_does_nothing(self) -> None:
            passed = False

            with translated(URL):
                passed = True

            assert passed
