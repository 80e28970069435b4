"""Rules that a store enforces beyond the identifiers of aggregates, for stores that have no schema to read them from.

Example:
    >>> from attrs import define
    >>> @define(eq=False)
    ... class Author:
    ...     id: str
    ...     name: str
    >>> @define(eq=False)
    ... class Book:
    ...     id: str
    ...     isbn: str | None
    ...     author_id: str
    >>> rules = [Unique(Book, "isbn"), Reference(Book, "author_id", Author), LongestText(Author, "name", 40)]
    >>> [rule.kind.__name__ for rule in rules]
    ['Book', 'Book', 'Author']
"""

from __future__ import annotations

import attrs
from attrs import field, frozen

from corelib.domain.specification_check import field_type
from corelib.errors import MisuseError


def _leads_to_fields(instance: Unique | NotNull, _: object, paths: tuple[str, ...]) -> None:
    if not paths:
        raise MisuseError(f"A {type(instance).__name__} of {instance.kind.__name__} names no field.")
    for path in paths:
        field_type(instance.kind, path)


def _leads_to_a_field(instance: Reference | LongestText, _: object, path: str) -> None:
    field_type(instance.kind, path)


@frozen(init=False)
class Unique:
    """No two aggregates of a class have the same values in these fields.

    Where one of the values is None there is no conflict. SQL says so; SQL Server takes a single such row, unless the
    index is filtered.

    Args:
        kind: the class.
        paths: of the fields; dots lead into value objects.
    """

    kind: type
    paths: tuple[str, ...] = field(validator=_leads_to_fields)

    def __init__(self, kind: type, *paths: str) -> None:
        self.__attrs_init__(kind, paths)


@frozen(init=False)
class NotNull:
    """These fields are never None, whatever their annotations let pass.

    Args:
        kind: the class.
        paths: of the fields; dots lead into value objects.
    """

    kind: type
    paths: tuple[str, ...] = field(validator=_leads_to_fields)

    def __init__(self, kind: type, *paths: str) -> None:
        self.__attrs_init__(kind, paths)


@frozen
class Reference:
    """A field holds the identifier of an aggregate that is there, or None.

    Args:
        kind: the class that refers.
        path: of the field.
        target: the class that is referred to.
    """

    kind: type
    path: str = field(validator=_leads_to_a_field)
    target: type


@frozen
class LongestText:
    """A text has at most so many characters, as its column.

    Args:
        kind: the class.
        path: of the text.
        length: in characters. SQL Server counts those beyond the BMP twice.
    """

    kind: type
    path: str = field(validator=_leads_to_a_field)
    length: int = field(validator=attrs.validators.ge(1))


Constraint = Unique | NotNull | Reference | LongestText
