"""RSA keys and the self-signed certificates that carry them (RFC 5280 §4), as Firebase's key documents want them."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from ecrin.base.clock import Instant, seconds

MIN_BITS = 2048
PUBLIC_EXPONENT = 65537


def generate(bits: int = MIN_BITS) -> tuple[bytes, bytes]:
    """Return a new private key (PKCS8 DER) and its public half (SPKI DER).

    Takes some 50 to 500 ms. Raises `ValueError` below 2048 bits (RFC 7518 §3.3).
    """
    if bits < MIN_BITS:
        raise ValueError("An RSA key must have at least 2048 bits.")
    key = rsa.generate_private_key(public_exponent=PUBLIC_EXPONENT, key_size=bits)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private, public


def certificate(pkcs8_der: bytes, common_name: str, not_before: Instant, not_after: Instant) -> str:
    """Return a self-signed certificate (PEM) for signatures, valid between two instants (whole seconds count).

    Raises `ValueError` for an empty name or one over 64 characters, and if it ends before it begins.
    """
    key = private_key(pkcs8_der)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_utc(not_before))
        .not_valid_after(_utc(not_after))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signatures_only(), critical=True)
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode("ascii")


def private_pem(pkcs8_der: bytes) -> str:
    """Return the private key as an unencrypted PEM, as service-account files hold it; treat it as a secret."""
    return private_key(pkcs8_der).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def private_key(pkcs8_der: bytes) -> rsa.RSAPrivateKey:
    """Return the key object; raises `ValueError` for bytes that are no RSA private key of 2048 bits or more."""
    key = load_der_private_key(pkcs8_der, password=None)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < MIN_BITS:
        raise ValueError("The key is not an RSA key of 2048 bits or more.")
    return key


def public_key(spki_der: bytes) -> rsa.RSAPublicKey:
    """Return the key object; raises `ValueError` for bytes that are no RSA public key of 2048 bits or more."""
    key = load_der_public_key(spki_der)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_BITS:
        raise ValueError("The key is not an RSA key of 2048 bits or more.")
    return key


def _utc(at: Instant) -> datetime:
    return datetime.fromtimestamp(seconds(at), UTC)


def _signatures_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
