"""What hosts import in their tests: contract suites and servers to run them on. Nothing here is needed at run time."""
