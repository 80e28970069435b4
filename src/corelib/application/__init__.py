"""What turns ports into use cases: bus, units of work, events, jobs. Knows ports and domain, no technology."""
