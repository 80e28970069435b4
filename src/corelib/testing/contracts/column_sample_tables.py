"""Tables for the samples with fields that every store treats alike, for adapters over SQLAlchemy."""

from __future__ import annotations

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import Parts, SqlSchema, UtcDateTime, mapped
from corelib.testing.contracts.column_samples import Patient, Remark, Ticket, Visit

LONGEST_TOKEN = 1000
"""Characters that fit a column of encrypted texts: they are longer than what they hide."""

metadata: sa.MetaData = sa.MetaData()

patient: sa.Table = sa.Table(
    "sample_patient",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Unicode(100), nullable=False),
    sa.Column("insurance_number", sa.String(LONGEST_TOKEN), nullable=False),
    sa.Column("diagnosis", sa.String(LONGEST_TOKEN)),
    sa.Column("tenant", sa.Unicode(100)),
    sa.Column("created_at", UtcDateTime),
    sa.Column("created_by", sa.Unicode(100)),
    sa.Column("updated_at", UtcDateTime),
    sa.Column("updated_by", sa.Unicode(100)),
    sa.Column("removed_at", UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
)
visit: sa.Table = sa.Table(
    "sample_visit",
    metadata,
    sa.Column("patient_id", sa.Uuid, sa.ForeignKey("sample_patient.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.Unicode(100), nullable=False),
)
ticket: sa.Table = sa.Table(
    "sample_ticket",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.Unicode(100), nullable=False),
    sa.Column("created_at", UtcDateTime),
    sa.Column("updated_by", sa.Unicode(100)),
    sa.Column("version", sa.Integer, nullable=False),
)
remark: sa.Table = sa.Table(
    "sample_remark",
    metadata,
    sa.Column("ticket_id", sa.Integer, sa.ForeignKey("sample_ticket.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Unicode(100), nullable=False),
)

schema: SqlSchema = SqlSchema(
    name="column_sample",
    metadata=metadata,
    mappings=[
        mapped(Patient, patient, parts={"visits": Parts(Visit, visit, owner="patient_id")}),
        mapped(Ticket, ticket, parts={"remarks": Parts(Remark, remark, owner="ticket_id")}),
    ],
)
