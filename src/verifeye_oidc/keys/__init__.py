"""Keys: the vault that seals what is at rest, and the signer of tokens."""
