"""One real signing key for all tests: making one takes a tenth of a second."""

from functools import cache

from tests.support.fakes import START
from verifeye_oidc.keys.signer import StoredKeySigner
from verifeye_oidc.keys.signing_key import new_signing_key
from verifeye_oidc.storage.port import StoredKey

ISSUER = "https://login.example"


@cache
def signing_key() -> StoredKey:
    return new_signing_key(ISSUER, START)


@cache
def signer() -> StoredKeySigner:
    return StoredKeySigner([signing_key()])
