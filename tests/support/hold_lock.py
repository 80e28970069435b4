"""Holds a lock until it is killed: `python hold_lock.py URL NAME OWNER FILE`; the file appears when it is held."""

from __future__ import annotations

import sys
from pathlib import Path

from corelib.adapters.sqlalchemy import SqlLocks, create_engine


def main() -> None:
    url, name, owner, file = sys.argv[1:]
    with SqlLocks(create_engine(url)).hold(name, owner=owner):
        Path(file).touch()
        sys.stdin.read()


if __name__ == "__main__":
    main()
