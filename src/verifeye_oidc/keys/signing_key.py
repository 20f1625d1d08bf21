"""A signing key as it is made, stored and published."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

from verifeye_oidc.storage.port import StoredKey

RS256 = "RS256"
_BITS = 2048
_CERTIFICATE_LIFE = timedelta(days=3650)
"""Longer than any key is kept: nobody builds a chain from it, but some check its dates."""
_MAX_COMMON_NAME = 64


def new_signing_key(issuer: str, now: int) -> StoredKey:
    """Make an RSA key for RS256 with a self-signed certificate that names the issuer's host.

    Takes some 0.1 s of CPU. ``now`` is in UTC epoch seconds. The ``kid`` is the key's thumbprint (RFC 7638).
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    return StoredKey(
        kid=RSAKey.import_key(key).thumbprint(),
        alg=RS256,
        private_pem=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate_der=_self_signed(key, issuer, now),
        created_at=now,
    )


def _self_signed(key: rsa.RSAPrivateKey, issuer: str, now: int) -> bytes:
    host = urlsplit(issuer).hostname or issuer
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:_MAX_COMMON_NAME])])
    start = datetime.fromtimestamp(now, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _CERTIFICATE_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def public_jwk(key: StoredKey) -> Mapping[str, object]:
    """The key as relying parties see it (RFC 7517), with ``x5c`` and ``x5t#S256``; nothing private in it."""
    public = RSAKey.import_key(key.private_pem).as_dict(private=False)
    return {
        "kty": public["kty"],
        "use": "sig",
        "alg": key.alg,
        "kid": key.kid,
        "n": public["n"],
        "e": public["e"],
        "x5c": [b64encode(key.certificate_der).decode()],
        "x5t#S256": urlsafe_b64encode(hashlib.sha256(key.certificate_der).digest()).rstrip(b"=").decode(),
    }
