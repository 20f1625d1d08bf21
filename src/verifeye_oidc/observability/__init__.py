"""What an operator sees of a running provider: never a face, a template, a token or an e-mail address."""
