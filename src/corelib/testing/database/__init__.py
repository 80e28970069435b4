"""The database test kit: a migrated template, a clone for each worker, a reset for each test.

Pure planning (`planning`) stands apart from what runs it: names, fingerprints, whose a database is, in which order
its tables are emptied, what BACKUP and RESTORE are told. The ports (`ports`) say what the kit needs of a server; each
engine answers them in a room of its own (`postgresql`, `mssql`, `sqlite`), and `memory` has the fakes. `Kit` puts them
together; the pytest plugin in `corelib.testing.plugin` is one user of it.
"""

from __future__ import annotations
