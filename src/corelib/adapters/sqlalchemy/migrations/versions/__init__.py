"""The revisions of corelib's own tables, one file each; the newest is the one that this version works with."""
