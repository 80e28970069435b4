"""How long corelib takes to store and load aggregates, beside SQLAlchemy Core and ORM by hand and advanced-alchemy.

    nox -s bench -- persistence [--engine sqlite] [--case get] [--repeat 60] [--json FILE]

The page docs/explanation/speed.md tells what is measured and how. The exit code says nothing about the figures.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack

from _persistence.cases import stored
from _persistence.checking import check
from _persistence.contenders import available
from _persistence.database import Database, engine_of, new_host
from _persistence.options import Options, opened, parse
from _persistence.report import Figures, as_json, table
from _persistence.timing import measure
from corelib.errors import ConfigurationError


def main() -> int:
    """Measure, engine by engine, and return the exit code."""
    options = parse()
    titles: dict[str, str] = {}
    figures: dict[str, Figures] = {}
    try:
        for name in options.engines:
            with opened(name, options.urls) as database:
                if isinstance(database, str):
                    print(f"{name} is left out: {database}.\n")
                    continue
                titles[name], figures[name] = database.title, run(database, options)
                print(f"\n{table(database.title, figures[name])}\n")
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(titles, figures), indent=2) + "\n", encoding="utf-8")
    return 0


def run(database: Database, options: Options) -> Figures:
    """Measure all cases on one engine."""
    makers, left_out = available()
    if left_out:
        print(left_out)
    rows = stored(options.sizes)
    figures = []
    with ExitStack() as hosts:
        contenders = {}
        for name, make in makers.items():
            host = hosts.enter_context(new_host(database.url))
            contenders[name] = make(host, engine_of(host))
        for case in options.cases:
            check(case, contenders, database, rows)
            print(f"{database.title}: {case.title}, all contenders agree; timing ...", flush=True)
            figures.append((case, measure(case, contenders, database, rows, options.plan)))
    return figures


if __name__ == "__main__":
    sys.exit(main())
