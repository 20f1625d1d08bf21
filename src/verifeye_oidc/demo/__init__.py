"""The demo: a provider, and a relying party on another site, in one process for one evening's look."""
