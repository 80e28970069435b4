"""The revisions of kitlab's tables, one file each."""
