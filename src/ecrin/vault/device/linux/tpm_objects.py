"""Secrets sealed by a TPM 2.0 (TPM2_Create, TPM2_Load, TPM2_Unseal: part 3 of its Library Specification).

Secret and PIN cross the bus encrypted. A sealed object names its storage key, so that a PIN is never told to another
chip. What the library copies is written over: `create` keeps its request, a session the PIN, the context its answer.
"""

from contextlib import ExitStack, suppress
from typing import Any

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.linux.tpm_connection import AUTH_FAIL, BAD_AUTH, Connection, code
from ecrin.vault.device.linux.tpm_storage import encrypted_session, storage_key
from ecrin.vault.errors import SlotRefused
from ecrin.vault.memory import SecretRoom

VERSION = b"\x01"
LENGTH_BYTES = 2
PARTS = 3
PIN_BYTES = 32
MAX_SECRET = 128  # bytes: MAX_SYM_DATA
MAX_SEALED = 1024
DIGEST_BYTES = 32
DIGEST = DIGEST_BYTES.to_bytes(LENGTH_BYTES, "big")  # what stands before it
FILLER = b"\xff" * PIN_BYTES


def seal(on: Connection, secret: Buffer, pin: Buffer) -> bytes:
    """Return the sealed object: version, then storage key's name, public area, private part, each behind its length."""
    _check_sizes(pin, secret)
    lib = on.lib
    empty = lib.TPMS_SENSITIVE_CREATE(userAuth=bytes(len(pin)), data=bytes(len(secret)))
    request = lib.TPM2B_SENSITIVE_CREATE(sensitive=empty)
    with ExitStack() as stack:
        key = storage_key(on, stack, None)
        session = encrypted_session(on, stack, key)
        try:
            request.sensitive.userAuth.buffer[:] = pin
            request.sensitive.data.buffer[:] = secret
            private, public, *_ = on.esapi.create(key, request, _template(lib, bool(pin)), session1=session)
        finally:
            request.sensitive.userAuth.buffer[:] = bytes(len(pin))
            request.sensitive.data.buffer[:] = bytes(len(secret))
            _overwrite_request(on)
        return VERSION + _framed(on.name(key), public.publicArea.marshal(), bytes(private))


def unseal(on: Connection, sealed: bytes, pin: Buffer) -> SecretRoom:
    """Return the secret; raises `SlotRefused` for another PIN, another chip's object, or one that was changed."""
    _check_sizes(pin)
    name, public, private = _parts(sealed)
    _check_public(on.lib, public)
    auth = on.lib.TPM2B_AUTH(bytes(len(pin)))
    with ExitStack() as stack:
        key = storage_key(on, stack, name)
        session = encrypted_session(on, stack, key)
        handle = _loaded(on, stack, key, session, public, private)
        try:
            auth.buffer[:] = pin
            on.esapi.tr_set_auth(handle, auth)
            return _opened(on, handle, session)
        finally:
            auth.buffer[:] = bytes(len(pin))
            on.esapi.tr_set_auth(handle, auth)
            _overwrite_answer(on, key, session)


def _template(lib: Any, guarded: bool) -> Any:
    """Return a sealed object's public area: the chip counts wrong PINs (no NODA) where there is a PIN."""
    a = lib.TPMA_OBJECT
    attributes = a.FIXEDTPM | a.FIXEDPARENT | a.USERWITHAUTH | (0 if guarded else a.NODA)
    return lib.TPM2B_PUBLIC.parse("keyedhash", objectAttributes=attributes, nameAlg="sha256")


def _loaded(on: Connection, stack: ExitStack, key: Any, session: Any, public: bytes, private: bytes) -> Any:
    lib = on.lib
    area, _ = lib.TPMT_PUBLIC.unmarshal(public)
    try:
        handle = on.esapi.load(key, lib.TPM2B_PRIVATE(private), lib.TPM2B_PUBLIC(publicArea=area), session1=session)
    except lib.TSS2_Exception as error:
        if error.parameter:  # the chip reads the object, and it is none of its own
            raise SlotRefused("This chip did not seal it, or it was changed since.") from None
        raise
    stack.callback(on.esapi.flush_context, handle)
    return handle


def _opened(on: Connection, handle: Any, session: Any) -> SecretRoom:
    attributes = on.lib.TPMA_SESSION
    on.esapi.trsess_set_attributes(session, attributes.CONTINUESESSION | attributes.ENCRYPT)
    try:
        data = on.esapi.unseal(handle, session1=session)
    except on.lib.TSS2_Exception as error:
        if code(error) in (AUTH_FAIL, BAD_AUTH):
            raise SlotRefused from None
        raise
    room = SecretRoom(len(data))
    room.view[:] = data.buffer
    data.buffer[:] = bytes(len(data))
    return room


def _overwrite_request(on: Connection) -> None:
    """Have the library keep an empty request in the place of the last one; it refuses it before anything is sent."""
    with suppress(on.lib.TSS2_Exception):
        on.esapi.create(on.lib.ESYS_TR.NONE, None, _template(on.lib, guarded=True))


def _overwrite_answer(on: Connection, key: Any, session: Any) -> None:
    """Have the context take up another command in the place of the answer, and the session a filler in that of the PIN.

    The storage key refuses it and counts nothing (NODA); the sealed object would count it as a wrong PIN.
    """
    on.esapi.tr_set_auth(key, FILLER)
    with suppress(on.lib.TSS2_Exception):
        on.esapi.create(key, None, _template(on.lib, guarded=True), session1=session)


def _check_sizes(pin: Buffer, secret: Buffer = b"?") -> None:
    if len(pin) not in (0, PIN_BYTES) or not 1 <= len(secret) <= MAX_SECRET:
        raise ValueError(f"A PIN has {PIN_BYTES} bytes or none, a secret 1 to {MAX_SECRET}.")


def _check_public(lib: Any, public: bytes) -> None:
    """Refuse what is not ours before the library reads it: only the digest, which a template lacks, differs."""
    ours = [_template(lib, guarded).publicArea.marshal()[:-LENGTH_BYTES] + DIGEST for guarded in (True, False)]
    if public[:-DIGEST_BYTES] not in ours:
        raise SlotRefused("This is no sealed object of ours.")


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(LENGTH_BYTES, "big") + part for part in parts)


def _parts(sealed: bytes) -> list[bytes]:
    """Return name of the storage key, public area and private part."""
    parts: list[bytes] = []
    rest = sealed[1:] if sealed[:1] == VERSION and len(sealed) <= MAX_SEALED else b""
    while rest:
        end = LENGTH_BYTES + int.from_bytes(rest[:LENGTH_BYTES], "big")
        parts.append(rest[LENGTH_BYTES:end])
        rest = rest[end:]
    if len(parts) != PARTS or VERSION + _framed(*parts) != sealed:
        raise SlotRefused("This is no sealed object of ours.")
    return parts
