"""The storage key under which a TPM 2.0 seals, and sessions that nobody on the bus can read or change.

The key is that of the TCG's "TPM v2.0 Provisioning Guidance" (storage root key, ECC P-256): the persistent one if the
machine has it, else derived anew from the owner seed. Only this chip can derive either.
"""

from contextlib import ExitStack
from typing import Any

from ecrin.vault.device.linux.tpm_connection import Connection
from ecrin.vault.errors import SlotRefused

PERSISTENT = 0x81000001  # where a machine keeps its storage root key, by the guidance
NO_POINT = 4  # bytes: the two empty coordinates that the template ends with


def storage_key(on: Connection, stack: ExitStack, name: bytes | None) -> Any:
    """Return the storage key of this name, or any; raises `SlotRefused` if this chip has none of this name."""
    esapi, template = on.esapi, _template(on.lib)
    if PERSISTENT in on.handles(PERSISTENT):
        handle = esapi.tr_from_tpmpublic(PERSISTENT)
        public, *_ = esapi.read_public(handle)
        like_it = public.publicArea.marshal().startswith(template.publicArea.marshal()[:-NO_POINT])
        if like_it and name in (None, on.name(handle)):
            return handle
    handle, *_ = esapi.create_primary(None, template)
    stack.callback(esapi.flush_context, handle)
    if name not in (None, on.name(handle)):
        raise SlotRefused("Another chip sealed it, or this one was cleared since.")
    return handle


def encrypted_session(on: Connection, stack: ExitStack, key: Any) -> Any:
    """Return an HMAC session salted to a storage key, whose first parameters are encrypted both ways.

    Part 1 of the TPM 2.0 Library Specification, "Session-based encryption".
    """
    lib, attributes = on.lib, on.lib.TPMA_SESSION
    session = on.esapi.start_auth_session(
        key, lib.ESYS_TR.NONE, lib.TPM2_SE.HMAC, lib.TPMT_SYM_DEF.parse("aes128cfb"), lib.TPM2_ALG.SHA256
    )
    stack.callback(on.esapi.flush_context, session)
    on.esapi.trsess_set_attributes(session, attributes.CONTINUESESSION | attributes.DECRYPT | attributes.ENCRYPT)
    return session


def _template(lib: Any) -> Any:
    """Return the public area to derive the key from. It counts for no lockout (NODA): its password is empty."""
    a = lib.TPMA_OBJECT
    attributes = a.FIXEDTPM | a.FIXEDPARENT | a.SENSITIVEDATAORIGIN | a.USERWITHAUTH | a.NODA | a.RESTRICTED | a.DECRYPT
    return lib.TPM2B_PUBLIC.parse("ecc256:aes128cfb", objectAttributes=attributes, nameAlg="sha256")
