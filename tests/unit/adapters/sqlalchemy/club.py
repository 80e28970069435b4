"""Aggregates of the less common kinds, in tables: every call makes tables of its own."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from attrs import define, frozen

from corelib.adapters.sqlalchemy import AggregateMapping, Parts, RowVersion, UtcDateTime, mapped
from corelib.domain.aggregate import Aggregate
from corelib.domain.fields import (
    assigned_field,
    created_at_field,
    created_by_field,
    removal_field,
    tenant_field,
    updated_at_field,
    updated_by_field,
)


@frozen
class MemberId:
    club: str
    number: int


@define(eq=False)
class Member(Aggregate):
    """Its identifier has two columns; it has a list of texts and a set of them."""

    id: MemberId
    name: str
    phones: list[str]
    roles: frozenset[str]


@define(eq=False)
class Ticket(Aggregate):
    """The store assigns its identifier."""

    title: str
    id: int | None = assigned_field()


@define(eq=False)
class Setting(Aggregate):
    """The server makes its version where it can."""

    id: str
    value: str
    words: list[str]


@define(eq=False)
class Queue(Aggregate):
    """The server makes its identifier and its version."""

    title: str
    waiting: list[str]
    id: int | None = assigned_field()


@define
class Step:
    """An entity: `number` tells those of one errand apart."""

    number: int
    text: str
    done: bool = False


@define(eq=False)
class Errand(Aggregate):
    """Belongs to a tenant, is kept when it is removed, and is stamped."""

    id: str
    title: str
    steps: list[Step]
    tenant: str | None = tenant_field()
    created_at: datetime | None = created_at_field()
    created_by: str | None = created_by_field()
    updated_at: datetime | None = updated_at_field()
    updated_by: str | None = updated_by_field()
    removed_at: datetime | None = removal_field()


def _text(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Unicode(50), primary_key=key, nullable=nullable and not key)


def _number(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=key, autoincrement=False, nullable=False)


def member_mapping() -> AggregateMapping:
    metadata = sa.MetaData()
    member = sa.Table(
        *("club_member", metadata),
        *(_text("id_club", key=True), _number("id_number", key=True), _text("name"), _number("version")),
    )

    def owner() -> list[sa.SchemaItem]:
        keys = [sa.Column("club", sa.Unicode(50), primary_key=True), _number("member", key=True)]
        return [*keys, sa.ForeignKeyConstraint(["club", "member"], [member.c.id_club, member.c.id_number])]

    phone = sa.Table("club_phone", metadata, *owner(), _number("position", key=True), _text("phone"))
    role = sa.Table("club_role", metadata, *owner(), _text("role", key=True))
    return mapped(
        Member,
        member,
        parts={
            "phones": Parts(str, phone, owner=("club", "member"), value="phone"),
            "roles": Parts(str, role, owner=("club", "member"), value="role", position=None),
        },
    )


def ticket_mapping() -> AggregateMapping:
    table = sa.Table(
        *("club_ticket", sa.MetaData()),
        *(sa.Column("id", sa.Integer, primary_key=True), _text("title"), _number("version")),
    )
    return mapped(Ticket, table)


def setting_mapping() -> AggregateMapping:
    metadata = sa.MetaData()
    setting = sa.Table(
        *("club_setting", metadata),
        *(_text("id", key=True), _text("value"), sa.Column("version", RowVersion, nullable=False)),
    )
    word = sa.Table(
        *("club_word", metadata),
        *(sa.Column("setting_id", sa.Unicode(50), sa.ForeignKey(setting.c.id), primary_key=True),),
        *(_number("position", key=True), _text("word")),
    )
    return mapped(Setting, setting, parts={"words": Parts(str, word, owner="setting_id", value="word")})


def queue_mapping() -> AggregateMapping:
    metadata = sa.MetaData()
    queue = sa.Table(
        *("club_queue", metadata),
        *(_text("title"), sa.Column("id", sa.Integer, primary_key=True)),
        sa.Column("version", RowVersion, nullable=False),
    )
    waiting = sa.Table(
        *("club_waiting", metadata),
        *(sa.Column("queue_id", sa.Integer, sa.ForeignKey(queue.c.id), primary_key=True),),
        *(_number("position", key=True), _text("name")),
    )
    return mapped(Queue, queue, parts={"waiting": Parts(str, waiting, owner="queue_id", value="name")})


def errand_mapping() -> AggregateMapping:
    metadata = sa.MetaData()
    errand = sa.Table(
        *("club_errand", metadata),
        *(_text("id", key=True), _text("title"), _text("tenant", nullable=True)),
        *(sa.Column("created_at", UtcDateTime), _text("created_by", nullable=True)),
        *(sa.Column("updated_at", UtcDateTime), _text("updated_by", nullable=True)),
        *(sa.Column("removed_at", UtcDateTime), _number("version")),
    )
    step = sa.Table(
        *("club_step", metadata),
        *(sa.Column("errand_id", sa.Unicode(50), sa.ForeignKey(errand.c.id), primary_key=True),),
        *(_number("number", key=True), _number("position"), _text("text")),
        sa.Column("done", sa.Boolean, nullable=False),
    )
    return mapped(Errand, errand, parts={"steps": Parts(Step, step, owner="errand_id", key="number")})
