"""What the kit needs of a server and of a host, one file for each port."""
