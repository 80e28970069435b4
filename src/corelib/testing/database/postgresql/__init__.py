"""The ports of the kit on PostgreSQL 15 and newer."""
