from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest

pytest.importorskip("hypothesis")

from attrs import define, field, frozen, validators
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("polyfactory")
pytest.importorskip("cattrs")

from corelib import Aggregate, App, Host
from corelib.bootstrap import bootstrap
from corelib.domain.fields import created_at_field
from corelib.errors import AlreadyExists, MissingExtra, MisuseError, NotFound
from corelib.testing.factories import Factory, Nested, Related, Source


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@frozen
class Price:
    """Has a rule that no annotation tells."""

    amount: Decimal

    def __attrs_post_init__(self) -> None:
        if self.amount != round(self.amount, 2):
            raise ValueError("more decimals than money has")


@frozen
class Size:
    width: int = field(validator=validators.ge(1))
    height: int = field(validator=validators.ge(1))


@frozen
class Everything:
    """A field of every kind that a factory knows by itself."""

    text: str
    number: int
    share: float
    exact: Decimal
    truth: bool
    octets: bytes
    instant: datetime
    day: date
    span: timedelta
    identifier: UUID
    colour: Colour
    size: Size
    sizes: list[Size]
    tags: tuple[str, ...]
    note: str | None


@frozen
class Ruled:
    """Fields whose validators say more than their annotations."""

    year: int = field(validator=[validators.ge(1990), validators.le(2030)])
    share: float = field(validator=validators.and_(validators.gt(0), validators.lt(1)))
    price: Decimal = field(validator=[validators.gt(Decimal(0)), validators.le(Decimal(10))])
    name: str = field(validator=[validators.min_len(3), validators.max_len(5)])
    code: str = field(validator=validators.matches_re(r"[A-Z]{2}-\d{4}"))
    unit: str = field(validator=validators.in_(["g", "kg"]))
    words: list[str] = field(validator=validators.min_len(2))
    maybe: int | None = field(validator=validators.optional(validators.ge(5)))
    own: str = field(validator=lambda *_: None)


@define(eq=False)
class Author(Aggregate):
    id: UUID
    name: str
    rank: int = 5
    created_at: datetime | None = created_at_field()


@define(eq=False)
class Book(Aggregate):
    id: UUID
    author_id: UUID
    price: Price
    _shelf: str = field(alias="shelf")


@define(eq=False)
class Loan(Aggregate):
    id: UUID
    book_id: UUID
    days: list[Size]
    area: int


class EverythingFactory(Factory[Everything]):
    """Says nothing."""


class RuledFactory(Factory[Ruled]):
    """Says nothing."""


class SizeFactory(Factory[Size]):
    """Says nothing."""


class PriceFactory(Factory[Price]):
    def values(self) -> Mapping[str, object]:
        return {"amount": Decimal(self.source.random.randrange(100)) / 100}


class AuthorFactory(Factory[Author]):
    def values(self) -> Mapping[str, object]:
        return {"name": self.source.text("author")}


class BookFactory(Factory[Book]):
    def values(self) -> Mapping[str, object]:
        return {"author_id": Related(AuthorFactory(self.source)), "price": Nested(PriceFactory(self.source))}


class LoanFactory(Factory[Loan]):
    def values(self) -> Mapping[str, object]:
        return {"book_id": Related(BookFactory(self.source)), "days": Nested(SizeFactory(self.source), count=3)}

    def derived(self, values: Mapping[str, object]) -> Mapping[str, object]:
        sizes = values["days"]
        assert isinstance(sizes, list)
        return {"area": sum(size.width * size.height for size in sizes)}


class LongLoanFactory(LoanFactory):
    """Takes the class from its base."""


@pytest.fixture
def source() -> Source:
    return Source(seed=4711)


@pytest.fixture
def host() -> Host:
    return bootstrap(App("library"))


def stored(host: Host, kind: type[Author] | type[Book] | type[Loan]) -> list[object]:
    with host.unit_of_work() as uow:
        return list(uow.repository(kind).stream())


class TestBuild:
    class WhenNothingIsSaid:
        @given(st.integers(0, 2**32))
        def test_fills_every_field_with_a_value_of_its_kind(self, seed: int) -> None:
            built = EverythingFactory(Source(seed)).build()

            assert isinstance(built.text, str)
            assert built.text
            assert type(built.number) is int
            assert isinstance(built.exact, Decimal)
            assert built.instant.tzinfo is UTC
            assert isinstance(built.identifier, UUID)
            assert built.colour in Colour
            assert built.size.width >= 1
            assert all(size.height >= 1 for size in built.sizes)
            assert built.note is None or isinstance(built.note, str)

        def test_builds_the_same_with_the_same_seed(self) -> None:
            assert EverythingFactory(Source(7)).build_many(3) == EverythingFactory(Source(7)).build_many(3)

        def test_builds_another_with_another_seed(self) -> None:
            assert EverythingFactory(Source(7)).build() != EverythingFactory(Source(8)).build()

        def test_keeps_defaults_and_leaves_stamps_to_the_store(self, source: Source) -> None:
            built = AuthorFactory(source).build()

            assert (built.rank, built.created_at) == (5, None)
            assert built.take_events() == ()

    class WhenValidatorsSayMore:
        @given(st.integers(0, 2**32))
        def test_keeps_to_them(self, seed: int) -> None:
            built = RuledFactory(Source(seed)).build()

            assert 1990 <= built.year <= 2030
            assert 0 < built.share < 1
            assert 3 <= len(built.name) <= 5
            assert built.unit in ("g", "kg")
            assert len(built.words) >= 2
            assert built.maybe is None or built.maybe >= 5

    class WhenATestSaysWhatItWants:
        def test_takes_that(self, source: Source) -> None:
            built = SizeFactory(source).build(width=3)

            assert built.width == 3

        def test_takes_a_field_by_the_name_that_the_class_takes_it_by(self, source: Source) -> None:
            built = BookFactory(source).build(shelf="top")

            assert built._shelf == "top"

        def test_takes_none_too(self, source: Source) -> None:
            assert EverythingFactory(source).build(note=None).note is None

        def test_refuses_a_field_that_is_not_there(self, source: Source) -> None:
            with pytest.raises(MisuseError, match=r"Size has no field depth\. It has: height, width"):
                SizeFactory(source).build(depth=3)

        def test_lets_the_class_refuse_a_value(self, source: Source) -> None:
            with pytest.raises(ValueError, match="'width' must be >= 1"):
                SizeFactory(source).build(width=0)

    class WhenManyAreBuilt:
        def test_are_so_many_and_differ(self, source: Source) -> None:
            built = AuthorFactory(source).build_many(3)

            assert [author.name for author in built] == ["author-1", "author-2", "author-3"]
            assert len({author.id for author in built}) == 3

    class WhenFieldsFollowFromOthers:
        def test_are_derived(self, source: Source) -> None:
            built = LoanFactory(source).build(days=[Size(2, 3), Size(1, 1)])

            assert built.area == 7

        def test_are_left_alone_if_the_test_has_set_them(self, source: Source) -> None:
            assert LoanFactory(source).build(area=1).area == 1

        def test_are_derived_by_a_factory_that_names_no_class_as_well(self, source: Source) -> None:
            built = LongLoanFactory(source).build()

            assert len(built.days) == 3
            assert built.area == sum(size.width * size.height for size in built.days)

    class WhenTheSourceProvidesAClass:
        def test_fills_fields_of_that_class_everywhere(self, source: Source) -> None:
            source.provide(Size, lambda: Size(4, 4))

            built = EverythingFactory(source).build()

            assert built.size == Size(4, 4)


class TestPersisted:
    class WhenAHostIsGiven:
        def test_stores_what_it_refers_to_as_well(self, source: Source, host: Host) -> None:
            loan = LoanFactory(source).persisted(host)

            (book,) = stored(host, Book)
            (author,) = stored(host, Author)
            assert isinstance(book, Book)
            assert isinstance(author, Author)
            assert (loan.book_id, book.author_id) == (book.id, author.id)

        def test_stores_nothing_beside_what_the_test_refers_to(self, source: Source, host: Host) -> None:
            book = BookFactory(source).persisted(host)

            loans = LoanFactory(source).persisted_many(host, 3, book_id=book.id)

            assert len(stored(host, Book)) == 1
            assert {loan.book_id for loan in loans} == {book.id}
            assert len(stored(host, Loan)) == 3

        def test_lets_the_store_refuse(self, source: Source, host: Host) -> None:
            author = AuthorFactory(source).persisted(host)

            with pytest.raises(AlreadyExists):
                AuthorFactory(source).persisted(host, id=author.id)

    class WhenAUnitOfWorkIsGiven:
        def test_belongs_to_it(self, source: Source, host: Host) -> None:
            with host.unit_of_work() as uow:
                loan = LoanFactory(source).persisted(uow)
                found = uow.repository(Loan).get(loan.id)
                uow.rollback()

            assert found is loan
            assert stored(host, Loan) == []

        def test_is_refused_at_once(self, source: Source, host: Host) -> None:
            author = AuthorFactory(source).persisted(host)

            with host.unit_of_work() as uow, pytest.raises(AlreadyExists):
                AuthorFactory(source).persisted(uow, id=author.id)

    class WhenItIsOnlyBuilt:
        def test_stores_nothing(self, source: Source, host: Host) -> None:
            loan = LoanFactory(source).build()

            with host.unit_of_work() as uow, pytest.raises(NotFound):
                uow.repository(Loan).get(loan.id)


class TestWithoutPolyfactory:
    def test_says_which_extra_is_missing(self, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
        real = builtins.__import__

        def without(name: str, *rest: object) -> object:
            if name.startswith("polyfactory"):
                raise ModuleNotFoundError(name)
            return real(name, *rest)  # type: ignore[arg-type] # passed on as it came

        monkeypatch.delitem(__import__("sys").modules, "corelib.testing.factories.making", raising=False)
        monkeypatch.setattr(builtins, "__import__", without)

        with pytest.raises(MissingExtra, match=r"corelib\[testing\]"):
            AuthorFactory(source).build()
