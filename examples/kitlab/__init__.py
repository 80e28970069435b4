"""kitlab: a host application of corelib. Practitioners order laboratory test kits for their users."""
