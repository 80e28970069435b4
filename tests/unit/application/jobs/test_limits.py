from __future__ import annotations

import pytest
from attrs import frozen

from corelib.application.jobs.description import description_of, job
from corelib.application.jobs.limits import declared_queues
from corelib.domain.job_queues import PerKey, Queue, Rate
from corelib.errors import UnboundHandler


@frozen
class Label:
    text: str


@job(queue="video", concurrency=5, rate=Rate(10))
def convert(label: Label) -> None: ...


@job(queue="mail")
def send(label: Label) -> None: ...


@job(queue="video", concurrency=4)
def cut(label: Label) -> None: ...


@job(queue="post", per_key=PerKey("text", concurrency=1, rate=Rate(3)))
def post(label: Label) -> None: ...


class TestDeclaredQueues:
    def test_are_those_of_the_app_and_of_its_jobs(self) -> None:
        queues = declared_queues([Queue("audio", 1)], [description_of(convert), description_of(send)])

        assert queues == [Queue("audio", 1), Queue("video", 5, Rate(10))]

    def test_take_limits_of_keys_from_jobs(self) -> None:
        assert declared_queues([], [description_of(post)]) == [Queue("post", key_concurrency=1, key_rate=Rate(3))]

    def test_may_be_declared_twice_in_the_same_words(self) -> None:
        video = Queue("video", 5, Rate(10))

        assert declared_queues([video], [description_of(convert)]) == [video]

    def test_are_refused_if_they_contradict_one_another(self) -> None:
        with pytest.raises(UnboundHandler, match="'video' is declared with different limits"):
            declared_queues([], [description_of(convert), description_of(cut)])
