"""What a vault refuses, and why: a branch of the tree in `ecrin.errors`."""

from ecrin.errors import EcrinError


class VaultError(EcrinError):
    """The vault cannot do this."""

    code = "VAULT_ERROR"
    hint = "Nothing was changed."


class SlotRefused(VaultError):
    """This does not open the vault."""

    code = "VAULT_SLOT_REFUSED"
    hint = "Try once more, or open the vault another way that was set up for it."


class InvalidEntry(VaultError):
    """The vault cannot keep a value under this name."""

    code = "VAULT_INVALID_ENTRY"
    hint = "Choose a shorter name, or keep what is large in a file of its own and its key in the vault."


class VaultDamaged(VaultError):
    """The vault was changed by something else than a vault, or it is not whole."""

    code = "VAULT_DAMAGED"
    hint = "Put a copy of the file back, or import an export into a new vault."
