"""The ports of the kit on SQLite, where a server is a folder and a database a file in it."""
