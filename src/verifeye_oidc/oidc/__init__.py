"""The protocol: OpenID Connect Core 1.0 over verified faces. No web framework, no SQL, no network in here."""
