"""How the protocol has a face verified: one port, and an adapter for each service that can answer it."""
