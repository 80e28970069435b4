"""The factory of one class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast, get_args

import attrs
from attrs import field, frozen

from corelib.application.host import Host
from corelib.errors import MisuseError
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.factories.references import Nested, Related
from corelib.testing.factories.source import Source

if TYPE_CHECKING:
    from corelib.testing.factories.making import Maker

T = TypeVar("T")


@frozen
class _Built(Generic[T]):
    """What was built, and the aggregates that have to be stored before it, in their order."""

    value: T
    needs: list[object] = field(factory=list)


class Factory(Generic[T]):
    """Builds instances of an attrs class.

    A subclass names the class, and says in `values` what its fields take. Every other required field gets a random
    value that suits its annotation and its validators; a field with a default keeps it. Versions and stamps are left
    to the store.

    Args:
        source: of numbers and random values.

    Example:
        >>> from attrs import define
        >>> @define(eq=False)
        ... class Author:
        ...     id: str
        ...     name: str
        >>> @define(eq=False)
        ... class Book:
        ...     id: str
        ...     author_id: str
        ...     pages: int = attrs.field(validator=[attrs.validators.ge(10), attrs.validators.le(99)])
        >>> class AuthorFactory(Factory[Author]):
        ...     def values(self):
        ...         return {"id": self.source.text("author")}
        >>> class BookFactory(Factory[Book]):
        ...     def values(self):
        ...         return {"id": self.source.text("book"), "author_id": Related(AuthorFactory(self.source))}
        >>> book = BookFactory(Source(seed=1)).build(id="Emma")
        >>> book.id, book.author_id, 10 <= book.pages <= 99
        ('Emma', 'author-1', True)
    """

    model: ClassVar[type]

    def __init__(self, source: Source) -> None:
        self.source = source
        self._made: type[Maker] | None = None

    def __init_subclass__(cls) -> None:
        """Read the class that the subclass names: `class OrderFactory(Factory[Order])`."""
        super().__init_subclass__()
        named = [get_args(base) for base in getattr(cls, "__orig_bases__", ())]
        models = [arguments[0] for arguments in named if arguments and isinstance(arguments[0], type)]
        if models:
            cls.model = models[0]

    def values(self) -> Mapping[str, object]:
        """Return what fields take by their names: values, `Related` or `Nested`. Called for each build."""
        return {}

    def derived(self, values: Mapping[str, object]) -> Mapping[str, object]:
        """Return what follows from the other fields, as a total; a field that a test has set is not overwritten.

        Args:
            values: of all other fields.
        """
        del values
        return {}

    def build(self, **overrides: object) -> T:
        """Return an instance that is stored nowhere, and neither is what it refers to.

        Args:
            overrides: what the test wants, by the names of the fields.

        Raises:
            MisuseError: if there is no such field.
            MissingExtra: if polyfactory is not installed.
        """
        return self._assembled(overrides).value

    def build_many(self, count: int, **overrides: object) -> list[T]:
        """Return so many of them."""
        return [self.build(**overrides) for _ in range(count)]

    def persisted(self, store: UnitOfWork | Host, **overrides: object) -> T:
        """Return an instance that is stored, and first what it refers to, unless a test has set those fields.

        Args:
            store: a unit of work that has begun, to which everything is added and flushed; or a host, in which a
                unit of work of its own is committed.
            overrides: as for `build`.

        Raises:
            MisuseError: if there is no such field.
            IntegrityViolation: if the store refuses it.
        """
        return self.persisted_many(store, 1, **overrides)[0]

    def persisted_many(self, store: UnitOfWork | Host, count: int, **overrides: object) -> list[T]:
        """Return so many of them, stored in one unit of work."""
        built = [self._assembled(overrides) for _ in range(count)]
        if isinstance(store, Host):
            with store.unit_of_work() as uow:
                _add(uow, built)
                uow.commit()
        else:
            _add(store, built)
            store.flush()
        return [each.value for each in built]

    def _assembled(self, overrides: Mapping[str, object]) -> _Built[T]:
        self._check_names(overrides)
        needs: list[object] = []
        values: dict[str, object] = {
            name: _resolved(value, needs) for name, value in {**self.values(), **overrides}.items()
        }
        derived = {name: value for name, value in self.derived(values).items() if name not in overrides}
        made = self._maker().process_kwargs(**values, **derived)
        return _Built(cast("T", self.model(**made)), needs)

    def _check_names(self, overrides: Iterable[str]) -> None:
        known = {each.alias for each in attrs.fields(self.model) if each.init}
        if unknown := sorted(set(overrides) - known):
            raise MisuseError(
                f"{self.model.__name__} has no field {', '.join(unknown)}.", hint=f"It has: {', '.join(sorted(known))}."
            )

    def _maker(self) -> type[Maker]:
        if self._made is None:
            from corelib.testing.factories.making import maker_of  # noqa: PLC0415 - an extra, and slow to import

            self._made = maker_of(self.model, self.source)
        return self._made


AnyFactory = Factory[Any]


def _resolved(value: object, needs: list[object]) -> object:
    """Build what a field refers to or holds, and note what has to be stored before."""
    if isinstance(value, Related):
        related = value.factory._assembled({})
        needs += [*related.needs, related.value]
        return getattr(related.value, value.attribute)
    if isinstance(value, Nested):
        built = [value.factory._assembled({}) for _ in range(1 if value.count is None else value.count)]
        needs += [need for each in built for need in each.needs]
        parts = [each.value for each in built]
        return parts[0] if value.count is None else parts
    return value


def _add(uow: UnitOfWork, built: Iterable[_Built[T]]) -> None:
    for each in built:
        for aggregate in (*each.needs, each.value):
            uow.repository(type(aggregate)).add(aggregate)
