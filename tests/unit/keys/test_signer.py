import asyncio
import hashlib
import json
from base64 import b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from tests.support.back_channel import open_store
from tests.support.fakes import START, FixedClock
from tests.support.keys import ISSUER, signer, signing_key
from tests.support.relying_party import decode, verified_claims
from verifeye_oidc.keys.signer import StoredKeySigner, open_signer
from verifeye_oidc.keys.signing_key import new_signing_key


async def test_what_it_signs_verifies_under_the_key_that_it_publishes() -> None:
    token = await signer().sign({"sub": "ada"}, "RS256")

    assert verified_claims(token, signer().public_keys()) == {"sub": "ada"}
    header = json.loads(decode(token.split(".")[0]))
    assert header == {"alg": "RS256", "typ": "JWT", "kid": signing_key().kid}


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256", "RS512", ""])
async def test_no_other_algorithm_is_signed(alg: str) -> None:
    with pytest.raises(ValueError, match="no signing key"):
        await signer().sign({"sub": "ada"}, alg)


def test_a_published_key_has_nothing_private() -> None:
    [key] = signer().public_keys()

    assert set(key) == {"kty", "use", "alg", "kid", "n", "e", "x5c", "x5t#S256"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert len(decode(str(key["n"]))) == 256


def test_the_kid_is_the_thumbprint_of_the_key() -> None:
    [key] = signer().public_keys()
    members = json.dumps({name: key[name] for name in ("e", "kty", "n")}, separators=(",", ":"))

    assert key["kid"] == _base64url(hashlib.sha256(members.encode()).digest())


def test_the_certificate_is_of_the_key_and_names_the_issuer() -> None:
    [key] = signer().public_keys()
    x5c = key["x5c"]
    assert isinstance(x5c, list)
    der = b64decode(x5c[0], validate=True)
    certificate = x509.load_der_x509_certificate(der)

    public = certificate.public_key()
    assert isinstance(public, RSAPublicKey)
    assert public.public_numbers().n == int.from_bytes(decode(str(key["n"])), "big")
    certificate.verify_directly_issued_by(certificate)
    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "login.example"
    assert certificate.not_valid_before_utc == datetime.fromtimestamp(START, UTC)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc > timedelta(days=5 * 365)
    assert key["x5t#S256"] == _base64url(hashlib.sha256(der).digest())


def test_a_host_longer_than_a_common_name_may_be_still_gets_a_certificate() -> None:
    key = new_signing_key("https://" + "a" * 60 + ".example", START)

    assert (
        x509.load_der_x509_certificate(key.certificate_der).subject.rfc4514_string() == f"CN={'a' * 60}.exa"
    )


async def test_the_newest_key_signs_and_all_are_published() -> None:
    newer = new_signing_key(ISSUER, START + 1)
    rotated = StoredKeySigner([signing_key(), newer])

    token = await rotated.sign({}, "RS256")

    assert json.loads(decode(token.split(".")[0]))["kid"] == newer.kid
    assert [key["kid"] for key in rotated.public_keys()] == [signing_key().kid, newer.kid]


async def test_the_first_start_makes_a_key_and_the_next_one_uses_it(tmp_path: Path) -> None:
    first, second = open_store(tmp_path), open_store(tmp_path)

    made = await open_signer(first, issuer=ISSUER, clock=FixedClock())
    found = await open_signer(second, issuer=ISSUER, clock=FixedClock(START + 86_400))

    assert found.public_keys() == made.public_keys()
    assert len(await first.signing_keys()) == 1
    await asyncio.gather(first.close(), second.close())


async def test_replicas_that_start_together_sign_with_the_same_key(tmp_path: Path) -> None:
    stores = [open_store(tmp_path) for _ in range(3)]

    signers = await asyncio.gather(
        *[open_signer(store, issuer=ISSUER, clock=FixedClock()) for store in stores]
    )

    [key] = await stores[0].signing_keys()
    for replica in signers:
        assert verified_claims(await replica.sign({}, "RS256"), signers[0].public_keys()) == {}
        assert [published["kid"] for published in replica.public_keys()] == [key.kid]
    await asyncio.gather(*[store.close() for store in stores])


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
