"""Real servers on loopback for the tests: charts over HTTP, git over HTTP, an OCI registry."""
