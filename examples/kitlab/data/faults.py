"""The faults that the generator puts into valid orders: rows of a table where one field is set, else a function."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]
Route: TypeAlias = tuple[str | int, ...]  # the steps from an order to one of its fields

OVERSIZED_CHARACTERS: Final = 1_000_000
INACTIVE_PRACTITIONERS: Final = ("PR-0013", "PR-0037", "PR-0058")

DROP: Final = object()  # in a table of faults: take the field away
FIRST: Final = ("lines", 0)
SECOND: Final = ("lines", 1)
LAST: Final = ("lines", -1)

# For each kind that is made by setting (or dropping) one field: the field and its value. A kind's faults go through
# its rows in turn.
FIELD_FAULTS: Final[dict[str, Sequence[tuple[Route, Any]]]] = {
    "missing_field": (
        (("user", "email"), DROP),
        ((*SECOND, "kit_code"), DROP),
        (("lines",), []),
        (("order_id",), DROP),
        (("ordered_at",), DROP),
        (("practitioner_id",), DROP),
        (("user",), DROP),
        (("currency",), DROP),
        (("lines",), DROP),
        (("card_token",), DROP),
        (("user", "name"), DROP),
        ((*FIRST, "quantity"), DROP),
        ((*LAST, "unit_price"), DROP),
    ),
    "unknown_field": (
        (("discount",), "10%"),
        (("user", "phone"), "+00 000 000000"),
        ((*FIRST, "colour"), "blue"),
        (("Currency",), "EUR"),
        ((*LAST, "unitPrice"), "129.00"),
        (("user", "address"), {"city": "Berlin"}),
        (("_debug",), True),
        (("",), ""),
    ),
    "wrong_type": (
        ((*FIRST, "quantity"), "two"),
        ((*SECOND, "quantity"), True),
        ((*LAST, "quantity"), 1.5),
        (("lines",), {"kit_code": "GUT-01", "quantity": 1, "unit_price": "129.00"}),
        (("user", "name"), None),
        (("order_id",), 17),
        (("user",), "Anna Smith"),
        ((*SECOND, "unit_price"), 129.5),
        (("ordered_at",), 1772615472),
        (("currency",), 978),
        ((*LAST,), "GUT-01"),
        (("note",), ["call", "first"]),
    ),
    "bad_email": tuple(
        (("user", "email"), text)
        for text in (
            "anna.example.com",
            "anna@@example.com",
            "@example.com",
            "anna@",
            "",
            "anna smith@example.org",
            "anna@example..com",
            "anna@exam ple.net",
            "Anna <anna@example.org>",
            "anna@example.com, ben@example.com",
            "anna@example.com\nBcc: ben@example.org",
            "anna@ben@example.net",
        )
    ),
    "bad_quantity": tuple(
        ((*line, "quantity"), value) for line in (FIRST, SECOND, LAST) for value in (0, -1, 1_000_000_000_000)
    ),
    "unknown_practitioner": tuple(
        (("practitioner_id",), text) for text in ("PR-0061", "PR-9999", "PR-0000", "PR-4242")
    ),
    "inactive_practitioner": tuple((("practitioner_id",), text) for text in INACTIVE_PRACTITIONERS),
    "unknown_kit": (
        ((*FIRST, "kit_code"), "GUT-99"),
        ((*SECOND, "kit_code"), "XYZ-01"),
        ((*LAST, "kit_code"), "HOR-02"),
    ),
    "unknown_currency": tuple((("currency",), text) for text in ("EUX", "eur", "", "EURO", "ZZZ", "US$")),
    # The rows alternate: a price in EUR, a price in JPY (see `spoil`).
    "bad_price": (
        ((*FIRST, "unit_price"), "-129.00"),
        ((*FIRST, "unit_price"), "12900.50"),
        ((*SECOND, "unit_price"), "129.005"),
        ((*SECOND, "unit_price"), "-12900"),
        ((*LAST, "unit_price"), "NaN"),
        ((*LAST, "unit_price"), "NaN"),
        ((*FIRST, "unit_price"), "-0.01"),
        ((*LAST, "unit_price"), "4900.1"),
        ((*SECOND, "unit_price"), "99.9999"),
        ((*FIRST, "unit_price"), "Infinity"),
    ),
}
IMPOSSIBLE_DAYS: Final = (
    "2026-02-30",
    "2026-02-29",
    "2026-04-31",
    "2026-13-05",
    "2026-00-10",
    "2026-01-00",
    "2026-03-32",
)
UNSAFE_CHARACTERS: Final = {"nul_in_name": "\0", "bidi_override_in_name": "\u202e"}


def encode(value: object, *, escaped: bool = False) -> bytes:
    r"""Return compact JSON in UTF-8; `escaped` writes every character outside ASCII as \uXXXX, as many senders do."""
    return json.dumps(value, ensure_ascii=escaped, separators=(",", ":")).encode()


def change(order: Json, route: Route, value: object) -> None:
    """Set the field of `order` that `route` leads to, or take it away when `value` is DROP."""
    target: Any = order
    for step in route[:-1]:
        target = target[step]
    if value is DROP:
        del target[route[-1]]
    else:
        target[route[-1]] = value


def insert(text: str, character: str, number: int) -> str:
    """Return `text` with `character` in its middle, at its start or at its end, by `number` in turn."""
    at = (len(text) // 2, 0, len(text))[number % 3]
    return text[:at] + character + text[at:]


def not_json(rng: Random, order: Json, number: int) -> bytes:
    """Return a line that is no JSON object; only the one with number 0 is not even UTF-8."""
    if number == 0:
        order["note"] = "caf?"
        return encode(order).replace(b"caf?", b"caf\xff")
    text = encode(order).decode()  # cut as text: half a character would be a second fault
    variants = (
        text[: rng.randrange(10, len(text) - 1)],  # a proper prefix of an object is never JSON
        "order",
        "",
        f"[{text}]",
        "42",
        str(order),  # Python's notation: single quotes
        text[:-1] + ",}",
        "null",
        text[: len(text) // 2],
        text + text,  # two orders that lost the line end between them
        json.dumps(order["order_id"]),
        text[1:],
    )
    return variants[(number - 1) % len(variants)].encode()


def spoil(rng: Random, order: Json, kind: str, number: int) -> bytes:
    """Return the line of `order` with one fault of `kind` put in; `number` (from 0) picks the variant within the kind.

    The order must be valid and have two lines at least. For bad_price it is in EUR if `number` is even, else in JPY.
    """
    user, ordered_at = order["user"], str(order["ordered_at"])
    if kind == "not_json":
        return not_json(rng, order, number)
    if kind in FIELD_FAULTS:
        rows = FIELD_FAULTS[kind]
        change(order, *rows[number % len(rows)])
    elif kind == "impossible_date":
        order["ordered_at"] = IMPOSSIBLE_DAYS[number % len(IMPOSSIBLE_DAYS)] + ordered_at[10:]
    elif kind == "date_without_offset":
        order["ordered_at"] = ordered_at.removesuffix("Z") if ordered_at.endswith("Z") else ordered_at[:-6]
    elif kind == "oversized" and number == 0:
        order["note"] = "x" * OVERSIZED_CHARACTERS
    elif kind == "oversized":
        user["name"] = "Anna " * (OVERSIZED_CHARACTERS // 5 - 1) + "Smith"
    else:
        user["name"] = insert(user["name"], UNSAFE_CHARACTERS[kind], number)
    return encode(order, escaped=number % 2 == 1)
