"""The part that polyfactory does: values for the fields of a class that nobody has said anything about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

import attrs

from corelib.errors import MissingExtra
from corelib.testing.factories.rules import rules_of
from corelib.testing.factories.source import Source

try:
    from faker import Faker
    from polyfactory.factories.attrs_factory import AttrsFactory
    from polyfactory.field_meta import FieldMeta
except ModuleNotFoundError:
    raise MissingExtra("polyfactory", extra="testing", purpose="A factory") from None


class Maker(AttrsFactory[Any]):
    """Makes values for required fields by their annotations and validators. A field with a default keeps it."""

    __is_base_factory__ = True
    __check_model__ = False

    __use_examples__ = True

    source: ClassVar[Source]

    @classmethod
    def get_model_fields(cls) -> list[FieldMeta]:
        """Return the required fields with what their validators demand."""
        required = {
            field.alias: rules_of(field.validator)
            for field in attrs.fields(cls.__model__)
            if field.init and field.default is attrs.NOTHING
        }
        metas = [meta for meta in super().get_model_fields() if meta.name in required]
        for meta in metas:
            rules = required[meta.name]
            meta.constraints = cast("Any", dict(rules.constraints) or None)  # polyfactory reads only what fits a type
            meta.examples = list(rules.options) or None
        return metas

    @classmethod
    def get_provider_map(cls) -> dict[Any, Callable[[], Any]]:
        """Put what the source provides before what polyfactory knows."""
        return {**super().get_provider_map(), **cls.source.makers}


def _faker(source: Source) -> Faker:
    faker = Faker()
    faker.factories[0].random = source.random
    return faker


def maker_of(model: type, source: Source) -> type[Maker]:
    """Return the maker of a class, which takes its values from a source."""
    settings = {
        "__model__": model,
        "__random__": source.random,
        "__faker__": source.once(Faker, lambda: _faker(source)),
        "__is_base_factory__": False,
        "source": source,
    }
    return type(f"MakerOf{model.__name__}", (Maker,), settings)
