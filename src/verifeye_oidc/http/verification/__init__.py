"""The embedded verification service's pages and its capture socket."""
