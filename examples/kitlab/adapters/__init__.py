"""Where kitlab's data lies and how its outside services are reached."""
