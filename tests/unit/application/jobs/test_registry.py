from __future__ import annotations

import pytest
from attrs import frozen

from corelib.application.jobs.description import description_of, job
from corelib.application.jobs.registry import JobRegistry
from corelib.errors import MisuseError, UnboundHandler, UnknownJob


@frozen
class Label:
    text: str


@job(queue="print")
def print_label(label: Label) -> None: ...


@job(queue="mail")
def mail_label(label: Label) -> None: ...


@job(queue="mail", name="print_label")
def print_by_mail(label: Label) -> None: ...


def no_job(label: Label) -> None: ...


class TestJobRegistry:
    def test_goes_through_its_descriptions(self) -> None:
        registry = JobRegistry([print_label, mail_label])

        assert list(registry) == [description_of(print_label), description_of(mail_label)]

    def test_lists_each_queue_once(self) -> None:
        @job(queue="mail")
        def mail_another(label: Label) -> None: ...

        registry = JobRegistry([print_label, mail_label, mail_another])

        assert registry.queues == ("mail", "print")

    def test_finds_a_job_by_its_name(self) -> None:
        registry = JobRegistry([print_label, mail_label])

        assert registry.named("mail_label") is description_of(mail_label)

    def test_finds_a_job_by_its_function(self) -> None:
        registry = JobRegistry([print_label, mail_label])

        assert registry.description(print_label) is description_of(print_label)

    class WhenTwoJobsHaveOneName:
        def test_refuses_the_second(self) -> None:
            with pytest.raises(UnboundHandler, match="Two jobs are named 'print_label'"):
                JobRegistry([print_label, print_by_mail])

    class WhenAFunctionIsNoJob:
        def test_refuses_it(self) -> None:
            with pytest.raises(MisuseError, match="no_job is not a job"):
                JobRegistry([no_job])

        def test_has_no_description_of_it(self) -> None:
            with pytest.raises(MisuseError, match="no_job is not a job"):
                JobRegistry().description(no_job)

    class WhenItDoesNotHaveTheJob:
        def test_names_those_that_it_has(self) -> None:
            registry = JobRegistry([print_label, mail_label])

            with pytest.raises(UnknownJob, match=r"no job named 'shred'\. It has: mail_label, print_label\."):
                registry.named("shred")

        def test_says_so_if_it_has_none(self) -> None:
            with pytest.raises(UnknownJob, match="It has: none"):
                JobRegistry().named("shred")

        def test_says_where_to_add_the_function(self) -> None:
            with pytest.raises(UnboundHandler, match=r"'mail_label' is not registered.*jobs of the App"):
                JobRegistry([print_label]).description(mail_label)

        def test_does_not_take_another_function_of_that_name_for_it(self) -> None:
            with pytest.raises(UnboundHandler, match="'print_label' is not registered"):
                JobRegistry([print_label]).description(print_by_mail)
