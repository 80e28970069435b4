"""`python -m corelib` is the `corelib` command."""

from corelib.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
