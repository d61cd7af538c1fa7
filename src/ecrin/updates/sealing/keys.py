"""Key pairs: RSA-2048 in PKCS#1 PEM (RFC 8017 §A.1), as `@capgo/cli key create` writes them."""

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from ecrin.base.secret import Secret
from ecrin.errors import DecryptionFailed, InvalidRequest

BITS = 2048
BLOCK = BITS // 8
KEY_ID_CHARS = 20


class PrivateKey:
    """The publisher's half: seals session keys and checksums.

    Raises `InvalidRequest` for a text that is no unencrypted RSA-2048 private key in PEM.
    """

    def __init__(self, pem: Secret[str]) -> None:
        try:
            key = load_pem_private_key(pem.reveal().encode(), password=None)
        except (ValueError, TypeError):
            raise InvalidRequest("The private key is not an unencrypted PEM.") from None
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != BITS:
            raise InvalidRequest("The private key is not an RSA key of 2048 bits, which is all that clients open.")
        self._key = key

    @property
    def public(self) -> "PublicKey":
        """Return the half that goes into the app."""
        return PublicKey(self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode())

    def seal(self, data: bytes) -> bytes:
        """Return the block (256 bytes) from which the public key recovers `data` (RFC 8017 §9.2, no DigestInfo)."""
        return self._key.sign(data, padding.PKCS1v15(), NoDigestInfo())


class PublicKey:
    """The half that is in the app; raises `InvalidRequest` for a text that is no RSA-2048 public key in PEM."""

    def __init__(self, pem: str) -> None:
        try:
            key = load_pem_public_key(pem.encode())
        except ValueError:
            raise InvalidRequest("The public key is not a PEM.") from None
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size != BITS:
            raise InvalidRequest("The public key is not an RSA key of 2048 bits.")
        self._key = key

    @property
    def pem(self) -> str:
        """Return the key as the app's configuration holds it (PKCS#1)."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()

    @property
    def id(self) -> str:
        """Return the key id: the first 20 characters of the PEM's body, of which the last 8 tell keys apart."""
        return "".join(self.pem.splitlines()[1:-1])[:KEY_ID_CHARS]

    def recover(self, block: bytes) -> bytes:
        """Return what was sealed; raises `DecryptionFailed` if another key did it or a bit is another."""
        try:
            return self._key.recover_data_from_signature(block, padding.PKCS1v15(), None)
        except Exception:  # noqa: BLE001  the library raises InvalidSignature or ValueError by the block's shape
            raise DecryptionFailed("The block was not sealed with this key.") from None


def create() -> tuple[Secret[str], str]:
    """Return a new private key and its public half, both in PEM. Takes some 50 to 500 ms."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return Secret(private), PrivateKey(Secret(private)).public.pem
