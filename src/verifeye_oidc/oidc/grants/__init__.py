"""One file per grant type: only what differs between grants."""
