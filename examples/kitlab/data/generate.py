"""Write the example's input: the orders of a kit laboratory as such a business receives them, faults included.

Run `python examples/kitlab/data/generate.py [--orders 5200] [--seed 20261122] [--out FILE]`. It writes `orders.jsonl`
(or FILE) and, in the same folder, `catalogue.json` (the practitioners and kit types that orders refer to; the same for
every seed) and `expected.json` (the figures that an import of the orders has to arrive at). The same arguments give
the same bytes. About 3% of the lines carry a fault, each faulty line exactly one, so one reason is expected for it.
"""

import argparse
import copy
import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

if not __package__:  # run as a script: only the folder of the script is on the path then
    sys.path.insert(0, str(Path(__file__).parents[2]))

from kitlab.data.faults import INACTIVE_PRACTITIONERS, Json, encode, spoil

DEFAULT_ORDERS: Final = 5_200
DEFAULT_SEED: Final = 20261122
MIN_ORDERS: Final = 1_000  # below it, six faults of every kind and their originals no longer fit in sensibly
MIN_PER_KIND: Final = 6
UNREACHABLE_ORDERS: Final = 3
FIRST_ORDER: Final = datetime(2026, 1, 2, 6, 0, tzinfo=UTC)
PERIOD: Final = timedelta(days=179)

# Faulty lines of each kind among DEFAULT_ORDERS lines, 155 with the two oversized ones: 2.98%.
FAULTS: Final = {
    "not_json": 13,
    "missing_field": 14,
    "unknown_field": 8,
    "wrong_type": 12,
    "bad_email": 12,
    "bad_quantity": 9,
    "unknown_practitioner": 7,
    "inactive_practitioner": 6,
    "unknown_kit": 7,
    "unknown_currency": 8,
    "impossible_date": 8,
    "date_without_offset": 6,
    "bad_price": 10,
    "duplicate": 10,
    "conflicting_duplicate": 8,
    "nul_in_name": 7,
    "bidi_override_in_name": 8,
}
OVERSIZED: Final = 2  # never more: each is 1 MB

# code: share of the orders in percent, price of one euro in hundredths of the currency's unit, decimals
CURRENCIES: Final = {
    "EUR": (52, 100, 2),
    "USD": (18, 108, 2),
    "GBP": (11, 86, 2),
    "CHF": (8, 96, 2),
    "SEK": (6, 1_120, 2),
    "JPY": (5, 16_000, 0),
}

# code, name, price in whole euros, active
KIT_TYPES: Final = (
    ("GUT-01", "Gut microbiome kit", 129, True),
    ("GUT-02", "Gut microbiome follow-up kit", 99, True),
    ("HOR-01", "Hormone panel kit", 149, True),
    ("VIT-01", "Vitamin D kit", 39, True),
    ("VIT-02", "Vitamin B12 and folate kit", 49, True),
    ("IRO-01", "Iron status kit", 45, True),
    ("THY-01", "Thyroid panel kit", 79, True),
    ("LIP-01", "Lipid profile kit", 55, True),
    ("HBA-01", "Long-term blood sugar (HbA1c) kit", 42, True),
    ("ALL-01", "Food sensitivity kit", 189, True),
    ("COR-01", "Cortisol day profile kit", 89, True),
    ("GUT-00", "Gut microbiome kit, first edition", 109, False),
)
PRACTITIONERS: Final = 60


@dataclass(frozen=True)
class Naming:
    """How people of one script are named: share in percent, given and family names (space separated), and the joint."""

    share: int
    given: str
    family: str
    joint: str = " "
    family_first: bool = False

    def name(self, rng: Random) -> str:
        """Return one full name."""
        parts = [rng.choice(self.given.split()), rng.choice(self.family.split())]
        return self.joint.join(reversed(parts) if self.family_first else parts)


# All of these names are valid. The last row lies beyond the Basic Multilingual Plane: four bytes in UTF-8, a surrogate
# pair in SQL Server's NVARCHAR.
NAMINGS: Final = (
    Naming(
        68,
        "Anna Ben Chloé Dagný Emma François Gabriel Håkon Inés José Karolína Léa Łukasz Mária Noël Oğuz Paul Renée "
        "Søren Siobhán Tomáš Ursula Zoë Anne-Marie Jean-Luc Sinéad",
        "Müller O'Brien D'Angelo Nuñez Ødegård Šimić Þorláksson Nguyễn Smith García Dvořák Kowalczyk Lindström "
        "Ní-Dhomhnaill Weiß Çelik Ionescu Szűcs Bērziņš Jõgi O'Shaughnessy N'Diaye Rossi Fernández-López Åkesson",
    ),
    Naming(5, "נועה דוד יעל אבי תמר שירה", "כהן לוי מזרחי פרץ ביטון"),
    Naming(6, "محمد فاطمة ليلى عمر يوسف مريم", "الحسن حداد منصور الخطيب نجار"),
    Naming(6, "伟 芳 秀英 敏 建国 丽娜", "王 李 张 陈 欧阳", joint="", family_first=True),
    Naming(4, "太郎 花子 さくら 健一 ゆうこ", "佐藤 鈴木 高橋 渡邊", family_first=True),
    Naming(4, "Дмитрий Юлия Иван Людмила", "Щербак Жуков Цветаев Шевченко"),
    Naming(2, "Γιώργος Ελένη Δημήτρης", "Παπαδόπουλος Ψαρρός Ξενάκης"),
    Naming(2, "민준 서연 지우", "김 이 박 최", joint="", family_first=True),
    Naming(2, "आरव प्रिया कृष्ण", "शर्मा वर्मा सिंह"),
    Naming(1, "太郎 花子 健一", "𠮷野 𠮷田 𡈽方 𣘺本", family_first=True),
)
EMAIL_DOMAINS: Final = ("example.com", "example.org", "example.net")
NOTES: Final = (
    "Please ship with the next collection.",
    "Leave at the reception, 2nd floor.",
    'Patient asked for the "blue" box.',
    "Rückfragen bitte per E-Mail.",
    "Livraison après 18 h, s'il vous plaît.",
    "Follow-up of last year's test; see file C:\\kits\\2025.",
    "<b>urgent</b> & fragile",
    "Robert'); DROP TABLE orders;--",
    "送货前请先联系。",
    "נא להתקשר לפני המשלוח",
)
OFFSETS_IN_MINUTES: Final = (0, 0, 60, 60, 120, 120, -300, -480, 330, 540)


@dataclass
class World:
    """What one run draws from: the random numbers, the users, the catalogue, and the valid lines written so far."""

    rng: Random
    orders: int
    users: list[Json]
    practitioner_ids: list[str]
    valid: list[Json] = field(default_factory=list)
    originals: list[tuple[Json, bytes]] = field(default_factory=list)  # valid lines that no fault repeats yet


def people(rng: Random, count: int) -> list[Json]:
    """Return `count` people with name and e-mail address, no address twice."""
    namings = rng.choices(NAMINGS, [naming.share for naming in NAMINGS], k=count)
    found: list[Json] = []
    for number, naming in enumerate(namings, start=1):
        name = naming.name(rng)
        letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        words = ["".join(filter(str.isalpha, word)) for word in letters.split()]
        local = ".".join(filter(None, words)) or "user"
        tag = "+kits" if rng.random() < 0.05 else ""
        found.append({"name": name, "email": f"{local}{number}{tag}@{rng.choice(EMAIL_DOMAINS)}"})
    return found


def catalogue() -> dict[str, list[Json]]:
    """Return the practitioners and kit types; they depend on no argument, so every orders file fits the same ones."""
    practitioners: list[Json] = []
    for number, person in enumerate(people(Random(1), PRACTITIONERS), start=1):
        key = f"PR-{number:04d}"
        email = f"practice{number:02d}@example.com"
        active = key not in INACTIVE_PRACTITIONERS
        practitioners.append({"id": key, "name": person["name"], "email": email, "active": active})
    kit_types: list[Json] = [{"code": code, "name": name, "active": active} for code, name, _, active in KIT_TYPES]
    return {"practitioners": practitioners, "kit_types": kit_types}


def price(rng: Random, euros: int, currency: str) -> str:
    """Return the price of one kit in units of `currency` with exactly its decimals; one in eight has a discount."""
    _, rate, decimals = CURRENCIES[currency]
    percent = rng.choice((90, 85)) if rng.random() < 0.125 else 100
    amount = Decimal(euros * rate * percent) / 10_000
    return str(amount.quantize(Decimal(1).scaleb(-decimals)))


def timestamp(world: World, position: int) -> str:
    """Return the RFC 3339 time of the order at `position` in the file; orders arrive evenly over PERIOD."""
    rng = world.rng
    moment = FIRST_ORDER + PERIOD * position / world.orders + timedelta(seconds=rng.randrange(900))
    moment = moment.replace(microsecond=rng.randrange(1, 1_000_000) if rng.random() < 0.3 else 0)
    text = moment.astimezone(timezone(timedelta(minutes=rng.choice(OFFSETS_IN_MINUTES)))).isoformat()
    return text.replace("+00:00", "Z") if rng.random() < 0.5 else text


def any_token(rng: Random) -> str:
    """Return a card token that the sandbox gateway charges at once."""
    return f"tok_{rng.choice(('visa', 'visa', 'mastercard'))}_{rng.randrange(10_000):04d}"


def deal_tokens(rng: Random, count: int) -> Iterator[str]:
    """Return the card tokens of `count` valid orders, shuffled; the shares are the same for every seed."""
    special = ["declined"] * round(count * 0.03) + ["unreachable"] * UNREACHABLE_ORDERS
    special += [f"timeout{1 + number % 2}" for number in range(round(count * 0.03))]
    tokens = [f"tok_{kind}_{rng.randrange(10_000):04d}" for kind in special]
    tokens += [any_token(rng) for _ in range(count - len(tokens))]
    rng.shuffle(tokens)
    return iter(tokens)


def draft(world: World, position: int, token: str, *, min_lines: int = 1, currency: str | None = None) -> Json:
    """Return a valid order for the line at `position` (0 is the first) that pays with the card `token`."""
    rng = world.rng
    if currency is None:
        currency = rng.choices(list(CURRENCIES), [share for share, _, _ in CURRENCIES.values()])[0]
    count = max(min_lines, rng.choices((1, 2, 3, 4), (50, 30, 13, 7))[0])
    kits = rng.sample([kit for kit in KIT_TYPES if kit[3]], count)
    order: Json = {
        "order_id": f"ORD-{position + 1:06d}",
        "ordered_at": timestamp(world, position),
        "practitioner_id": rng.choice(world.practitioner_ids),
        "user": dict(rng.choice(world.users)),
        "currency": currency,
        "lines": [
            {
                "kit_code": code,
                "quantity": rng.choices((1, 2, 3, 5, 10, 24), (70, 18, 6, 3, 2, 1))[0],
                "unit_price": price(rng, euros, currency),
            }
            for code, _, euros, _ in kits
        ],
        "card_token": token,
    }
    if rng.random() < 0.5:
        order["note"] = rng.choice(NOTES)
    return order


def plan_faults(rng: Random, orders: int) -> dict[int, tuple[str, int]]:
    """Return the positions of the faulty lines, each with its kind and its number within the kind (from 0)."""
    counts = {kind: max(MIN_PER_KIND, round(count * orders / DEFAULT_ORDERS)) for kind, count in FAULTS.items()}
    counts["oversized"] = OVERSIZED
    # Shuffled, so that no kind gathers in one place. Only the kinds that repeat an earlier line come last in the deck,
    # and the positions in the first tenth of the file come first, so that there are always lines to repeat.
    faults = [(kind, number) for kind, count in counts.items() for number in range(count)]
    rng.shuffle(faults)
    faults.sort(key=lambda fault: "duplicate" in fault[0])
    positions = rng.sample(range(orders), len(faults))
    positions.sort(key=lambda position: position >= orders // 10)
    return dict(zip(positions, faults, strict=True))


def repeated(world: World, kind: str) -> bytes:
    """Return an earlier valid line again: as it is, or under the same order id with another quantity."""
    order, line = world.originals.pop(world.rng.randrange(len(world.originals)))
    if kind == "duplicate":
        return line
    other = copy.deepcopy(order)
    other["lines"][0]["quantity"] += 1
    return encode(other)


def faulty_line(world: World, position: int, kind: str, number: int) -> bytes:
    """Return the line at `position` with a fault of `kind`; `number` picks the variant within the kind."""
    if kind in {"duplicate", "conflicting_duplicate"}:
        return repeated(world, kind)
    # Two lines at least, so that lines[1] exists; prices with and without decimals, so that both can have too many.
    currency = ("EUR", "JPY")[number % 2] if kind == "bad_price" else None
    order = draft(world, position, any_token(world.rng), min_lines=2, currency=currency)
    return spoil(world.rng, order, kind, number)


def all_lines(world: World, plan: dict[int, tuple[str, int]]) -> Iterator[bytes]:
    """Yield the lines of the file without their line ends, and note the valid orders in `world`."""
    tokens = deal_tokens(world.rng, world.orders - len(plan))
    for position in range(world.orders):
        if position in plan:
            yield faulty_line(world, position, *plan[position])
        else:
            order = draft(world, position, next(tokens))
            line = encode(order, escaped=world.rng.random() < 0.15)
            world.valid.append(order)
            world.originals.append((order, line))
            yield line


def expected(world: World, plan: dict[int, tuple[str, int]]) -> Json:
    """Return the figures of a right import; money in units of its currency, summed over the orders that are charged.

    The cards of some are unreachable: their orders are charged once somebody has named other cards.
    """
    cards = [order["card_token"].split("_")[1] for order in world.valid]
    outcomes = Counter(cards)
    charged: dict[str, Decimal] = {}
    unreachable: dict[str, Decimal] = {}
    for card, order in zip(cards, world.valid, strict=True):
        if card != "declined":
            totals = unreachable if card == "unreachable" else charged
            total = sum((line["quantity"] * Decimal(line["unit_price"]) for line in order["lines"]), Decimal(0))
            totals[order["currency"]] = totals.get(order["currency"], Decimal(0)) + total
    return {
        "lines": world.orders,
        "valid": len(world.valid),
        "faults": dict(sorted(Counter(kind for kind, _ in plan.values()).items())),
        "outcomes": {
            "charged": len(cards) - outcomes["declined"] - outcomes["unreachable"],
            "declined": outcomes["declined"],
            "unreachable": outcomes["unreachable"],
            "timeouts": outcomes["timeout1"] + 2 * outcomes["timeout2"],
        },
        "charged": {currency: str(amount) for currency, amount in sorted(charged.items())},
        "unreachable": {currency: str(amount) for currency, amount in sorted(unreachable.items())},
    }


def generate(orders: int, seed: int, out: Path) -> Json:
    """Write `orders` lines to `out`, catalogue.json and expected.json beside it; return the expected figures."""
    rng = Random(seed)
    known = catalogue()
    active = [practitioner["id"] for practitioner in known["practitioners"] if practitioner["active"]]
    world = World(rng=rng, orders=orders, users=people(rng, orders // 3), practitioner_ids=active)
    plan = plan_faults(rng, orders)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(b"".join(line + b"\n" for line in all_lines(world, plan)))
    figures = expected(world, plan)
    for name, content in (("catalogue.json", known), ("expected.json", figures)):
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        out.with_name(name).write_bytes(text.encode())
    return figures


def main() -> None:
    """Read the command line, write the three files and print the figures."""
    parser = argparse.ArgumentParser(description="Write orders.jsonl, catalogue.json and expected.json.")
    parser.add_argument("--orders", type=int, default=DEFAULT_ORDERS, help="lines to write (default %(default)s)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="same seed, same bytes (default %(default)s)")
    default = Path(__file__).with_name("orders.jsonl")
    parser.add_argument("--out", type=Path, default=default, help="orders file; the other two go into its folder")
    options = parser.parse_args()
    if options.orders < MIN_ORDERS:
        parser.error(f"--orders must be at least {MIN_ORDERS}, so that every kind of fault finds its place")
    figures = generate(options.orders, options.seed, options.out)
    print(json.dumps(figures, indent=2))
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
