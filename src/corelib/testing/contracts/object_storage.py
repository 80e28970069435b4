"""The contract of `corelib.ports.object_storage.ObjectStorage`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import ClassVar

import pytest

from corelib.domain.stored_object import UrlMethod
from corelib.errors import MisuseError, NotFound, ObjectTooLarge, ValidationFailed
from corelib.ports.object_storage import ObjectStorage
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import at_the_same_time

MOST_BYTES = 1024 * 1024
"""How large an object may be in the store that a suite is given."""

AN_HOUR = timedelta(hours=1)

LIKE_EACH_OTHER = [
    ("reports/a", "reports/A"),
    ("reports/a", "reports/a/a"),
    ("reports", "reports/a"),
    ("reports/a", "reports/a.json"),
    ("o/d", "d/o"),
    ("n" * 99 + "1", "n" * 99 + "2"),
]
"""Pairs of keys that some store might take for one, or could not keep side by side."""

UNUSUAL = ["a", "-", "_", "A" * 100, "con", "NUL.txt", "a..b", "/".join(["deep"] * 50), "0/1/2", "x" * 99 + "/y"]

HOSTILE = [
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../../b",
    "a/./b",
    ".hidden",
    "a.",
    "a\\b",
    "c:\\a",
    "a b",
    "a\nb",
    "a\0b",
    "a%2e%2e",
    "\u00e4",
    "a\u202eb",
    "o+a",
    "a" * 101,
    "/".join(["a" * 100] * 5),
]
"""Keys that no store takes: they would leave its folder, be read as other keys, or not fit."""

NO_METADATA_OF_OURS = [
    {"Name": "upper case"},
    {"": "no name"},
    {"na_me": "underscore"},
    {"name": "caf\u00e9"},
    {"name": "two\nlines"},
    {"name": " blank"},
    {"n" * 65: "a long name"},
    {"name": "v" * 2000},
]


class Broken(Exception):
    """What a source of content raises."""


class ObjectStorageContract(ContractSuite):
    """Objects are there as a whole, under exactly one key, or not at all."""

    port: ClassVar[str] = "ObjectStorage"

    @pytest.fixture
    def objects(self) -> ObjectStorage:
        """Return an empty store that takes objects of `MOST_BYTES`."""
        raise NotImplementedError

    class WhenAnObjectIsPut:
        @pytest.mark.parametrize("content", [b"", b"hello", b"\n{}\n", bytes(range(256)), b"x" * MOST_BYTES])
        def test_has_the_content(self, objects: ObjectStorage, content: bytes) -> None:
            objects.put("reports/one", content)

            assert objects.get("reports/one") == content

        def test_is_described(self, objects: ObjectStorage) -> None:
            metadata = {"order": "ORD-000001", "made-by": "a test, at most", "empty": ""}

            put = objects.put("reports/one", b"hello", content_type="text/plain; charset=utf-8", metadata=metadata)

            assert (put.key, put.size, put.content_type) == ("reports/one", 5, "text/plain; charset=utf-8")
            assert dict(put.metadata) == metadata
            assert objects.info("reports/one") == put

        def test_has_no_content_type_of_its_own(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"hello")

            info = objects.info("reports/one")

            assert (info.content_type, dict(info.metadata)) == ("application/octet-stream", {})

        def test_has_an_instant_with_a_time_zone(self, objects: ObjectStorage) -> None:
            first = objects.put("reports/one", b"hello")

            second = objects.put("reports/two", b"hello")

            assert first.stored_at.utcoffset() == timedelta(0)
            assert first.stored_at <= second.stored_at

        def test_exists(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"hello")

            assert objects.exists("reports/one")

        def test_does_not_change_with_what_the_caller_does_to_the_metadata(self, objects: ObjectStorage) -> None:
            metadata = {"order": "1"}
            objects.put("reports/one", b"hello", metadata=metadata)

            metadata["order"] = "2"

            assert objects.info("reports/one").metadata["order"] == "1"

        @pytest.mark.parametrize("key", UNUSUAL)
        def test_may_have_an_unusual_key(self, objects: ObjectStorage, key: str) -> None:
            objects.put(key, b"hello")

            assert objects.get(key) == b"hello"
            assert [info.key for info in objects.list()] == [key]

        @pytest.mark.parametrize(("key", "other"), LIKE_EACH_OTHER)
        def test_is_not_taken_for_another(self, objects: ObjectStorage, key: str, other: str) -> None:
            objects.put(key, b"one")

            assert not objects.exists(other)
            objects.put(other, b"two")
            assert (objects.get(key), objects.get(other)) == (b"one", b"two")

    class WhenTheContentIsReadFromAStream:
        def test_is_read_to_its_end(self, objects: ObjectStorage) -> None:
            content = bytes(range(256)) * 4096

            put = objects.put("reports/one", BytesIO(content))

            assert put.size == len(content)
            assert objects.get("reports/one") == content

        def test_may_come_in_small_pieces(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", Trickling(b"hello"))

            assert objects.get("reports/one") == b"hello"

        def test_leaves_what_was_there_if_it_breaks(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"before")

            with pytest.raises(Broken):
                objects.put("reports/one", Breaking(b"after"))

            assert objects.get("reports/one") == b"before"

        def test_leaves_nothing_if_it_breaks(self, objects: ObjectStorage) -> None:
            with pytest.raises(Broken):
                objects.put("reports/one", Breaking(b"after"))

            assert not objects.exists("reports/one")
            assert objects.list() == []

    class WhenTheKeyIsInUse:
        def test_takes_the_place_of_the_old_object(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"a long content", content_type="text/plain", metadata={"order": "1"})

            put = objects.put("reports/one", b"new")

            assert objects.get("reports/one") == b"new"
            assert (put.content_type, dict(put.metadata)) == ("application/octet-stream", {})
            assert objects.list() == [put]

        def test_leaves_those_alone_who_read_the_old_one(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"before")

            with objects.open("reports/one") as stream:
                objects.put("reports/one", b"after")
                read = stream.read()

            assert read == b"before"

    class WhenManyPutTheSameKeyAtOnce:
        def test_keeps_one_of_them_whole(self, objects: ObjectStorage) -> None:
            def put(number: int) -> None:
                content = str(number).encode() * 50_000
                objects.put("reports/one", content, metadata={"number": str(number)})

            at_the_same_time(*[lambda number=number: put(number) for number in range(4)])

            content = objects.get("reports/one")
            number = objects.info("reports/one").metadata["number"]
            assert content == number.encode() * 50_000

    class WhenAnObjectIsTooLarge:
        def test_is_refused(self, objects: ObjectStorage) -> None:
            with pytest.raises(ObjectTooLarge, match="'reports/one'") as refused:
                objects.put("reports/one", b"x" * (MOST_BYTES + 1))

            assert refused.value.limit == MOST_BYTES
            assert not objects.exists("reports/one")

        def test_is_refused_from_a_stream_as_well(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"before")

            with pytest.raises(ObjectTooLarge):
                objects.put("reports/one", BytesIO(b"x" * (MOST_BYTES + 1)))

            assert objects.get("reports/one") == b"before"

        def test_is_not_taken_into_memory_beyond_the_limit(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"hello")

            with pytest.raises(ObjectTooLarge, match="more than 4 bytes"):
                objects.get("reports/one", limit=4)

            assert objects.get("reports/one", limit=5) == b"hello"

    class WhenAnObjectIsOpened:
        def test_is_read_in_portions(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"one\ntwo\nthree")

            with objects.open("reports/one") as stream:
                portions = [stream.read(5), stream.read(5), stream.read(5), stream.read(5)]

            assert portions == [b"one\nt", b"wo\nth", b"ree", b""]

    class WhenThereIsNoObject:
        def test_does_not_exist(self, objects: ObjectStorage) -> None:
            assert objects.exists("reports/one") is False

        def test_is_not_found_by_get(self, objects: ObjectStorage) -> None:
            with pytest.raises(NotFound, match=r"no object .*'reports/one'"):
                objects.get("reports/one")

        def test_is_not_found_by_open(self, objects: ObjectStorage) -> None:
            with pytest.raises(NotFound), objects.open("reports/one"):
                pass

        def test_is_not_found_by_info(self, objects: ObjectStorage) -> None:
            with pytest.raises(NotFound):
                objects.info("reports/one")

        def test_can_be_removed(self, objects: ObjectStorage) -> None:
            objects.delete("reports/one")

            assert objects.list() == []

    class WhenAnObjectIsRemoved:
        def test_is_gone(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"hello")

            objects.delete("reports/one")

            assert not objects.exists("reports/one")
            assert objects.list() == []

        @pytest.mark.parametrize("other", ["reports", "reports/one/more", "reports/two", "Reports/one"])
        def test_leaves_others(self, objects: ObjectStorage, other: str) -> None:
            objects.put("reports/one", b"one")
            objects.put(other, b"other")

            objects.delete("reports/one")

            assert objects.get(other) == b"other"

        def test_can_be_put_again(self, objects: ObjectStorage) -> None:
            objects.put("reports/one", b"before")
            objects.delete("reports/one")

            objects.put("reports/one", b"after")

            assert objects.get("reports/one") == b"after"

        def test_is_no_hindrance_for_those_who_put_beside_it(self, objects: ObjectStorage) -> None:
            def put_and_delete(number: int) -> None:
                for _ in range(25):
                    objects.put(f"deep/er/{number}", b"hello")
                    objects.delete(f"deep/er/{number}")

            at_the_same_time(*[lambda number=number: put_and_delete(number) for number in range(4)])

            assert objects.list() == []

    class WhenObjectsAreListed:
        @pytest.fixture(autouse=True)
        def stored(self, objects: ObjectStorage) -> None:
            for key in ["jobs/17", "jobs/1/b", "Jobs/1", "jobs/1", "jobs-old", "jobs/1/a", "z"]:
                objects.put(key, key.encode())

        def test_have_the_order_of_ascii(self, objects: ObjectStorage) -> None:
            keys = [info.key for info in objects.list()]

            assert keys == ["Jobs/1", "jobs-old", "jobs/1", "jobs/1/a", "jobs/1/b", "jobs/17", "z"]

        @pytest.mark.parametrize(
            ("prefix", "keys"),
            [
                ("jobs/1", ["jobs/1", "jobs/1/a", "jobs/1/b", "jobs/17"]),
                ("jobs/1/", ["jobs/1/a", "jobs/1/b"]),
                ("jobs/1/a", ["jobs/1/a"]),
                ("jobs/1/a/", []),
                ("j", ["jobs-old", "jobs/1", "jobs/1/a", "jobs/1/b", "jobs/17"]),
                ("J", ["Jobs/1"]),
                ("nothing", []),
            ],
        )
        def test_begin_with_the_prefix(self, objects: ObjectStorage, prefix: str, keys: list[str]) -> None:
            assert [info.key for info in objects.list(prefix)] == keys

        def test_are_described(self, objects: ObjectStorage) -> None:
            (info,) = objects.list("z")

            assert info == objects.info("z")

        def test_come_in_portions(self, objects: ObjectStorage) -> None:
            first = objects.list("jobs", limit=2)

            second = objects.list("jobs", after=first[-1].key, limit=2)

            assert [info.key for info in first] == ["jobs-old", "jobs/1"]
            assert [info.key for info in second] == ["jobs/1/a", "jobs/1/b"]

        @pytest.mark.parametrize("prefix", ["/", "a//b", "..", "a/..", "a/.b", "a./b", "a b", "\u00e4", "a" * 501])
        def test_refuse_a_prefix_with_which_no_key_begins(self, objects: ObjectStorage, prefix: str) -> None:
            with pytest.raises(ValidationFailed, match="prefix"):
                objects.list(prefix)

        def test_refuse_a_limit_below_one(self, objects: ObjectStorage) -> None:
            with pytest.raises(MisuseError, match="limit"):
                objects.list(limit=0)

    class WhenAKeyIsHostile:
        @pytest.mark.parametrize("key", HOSTILE)
        def test_is_refused_by_every_method(self, objects: ObjectStorage, key: str) -> None:
            for use in (
                lambda: objects.put(key, b""),
                lambda: objects.get(key),
                lambda: objects.open(key).__enter__(),
                lambda: objects.info(key),
                lambda: objects.exists(key),
                lambda: objects.delete(key),
                lambda: objects.presigned_url(key, expires=AN_HOUR),
            ):
                with pytest.raises(ValidationFailed, match="key of an object"):
                    use()

    class WhenTheDescriptionCannotBeKept:
        @pytest.mark.parametrize("metadata", NO_METADATA_OF_OURS)
        def test_refuses_the_metadata(self, objects: ObjectStorage, metadata: dict[str, str]) -> None:
            with pytest.raises(ValidationFailed, match="metadata"):
                objects.put("reports/one", b"hello", metadata=metadata)

            assert not objects.exists("reports/one")

        @pytest.mark.parametrize(
            "content_type", ["", "text", "text/plain\r\nX-Evil: 1", "text/pl ain", "t/" + "x" * 200]
        )
        def test_refuses_the_content_type(self, objects: ObjectStorage, content_type: str) -> None:
            with pytest.raises(ValidationFailed, match="content_type"):
                objects.put("reports/one", b"hello", content_type=content_type)

            assert not objects.exists("reports/one")

        @pytest.mark.parametrize("content_type", ["image/svg+xml", 'text/csv; header="a b"', "a/b;c=d", "x/y.z-1"])
        def test_takes_every_media_type(self, objects: ObjectStorage, content_type: str) -> None:
            put = objects.put("reports/one", b"hello", content_type=content_type)

            assert put.content_type == content_type

    class WhenAUrlIsAskedFor:
        @needs(Capability.PRESIGNED_URLS)
        def test_names_the_object(self, objects: ObjectStorage) -> None:
            url = objects.presigned_url("reports/one", expires=AN_HOUR)

            assert "reports/one" in url

        @needs(Capability.PRESIGNED_URLS)
        def test_differs_by_what_it_allows(self, objects: ObjectStorage) -> None:
            urls = {objects.presigned_url("reports/one", expires=AN_HOUR, method=method) for method in UrlMethod}

            assert len(urls) == 2

        @pytest.mark.parametrize("expires", [timedelta(0), -AN_HOUR, timedelta(days=7, seconds=1)])
        def test_refuses_a_time_that_no_url_holds(self, objects: ObjectStorage, expires: timedelta) -> None:
            with pytest.raises(MisuseError, match="7 days"):
                objects.presigned_url("reports/one", expires=expires)


class Trickling(BytesIO):
    """Gives out one byte at a time, as sockets may."""

    def read(self, size: int | None = -1) -> bytes:  # noqa: ARG002 - the signature of streams
        return super().read(1)


class Breaking(BytesIO):
    """Breaks once its content is read."""

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        if not content:
            raise Broken
        return content
