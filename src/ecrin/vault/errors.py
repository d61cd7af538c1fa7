"""What a vault refuses, and why: a branch of the tree in `ecrin.errors`. What the device refuses is in `device.errors`.

    VaultError
    ├── InvalidEntry, InvalidConfig, InvalidExport      the call is wrong
    ├── VaultNotInitialized, VaultLocked, NotLockable   not in this state
    ├── SlotRefused                                     the try failed, and was counted
    │   └── PasscodeMismatch
    ├── PasscodeMissing, SlotMissing, LastSlot, SlotInvalidated, GateOnly
    ├── CodeMistyped, TryLater, TooManyAttempts         no try was made
    ├── VaultDamaged, VaultRolledBack, AnchorMissing    the file is not what it was
    ├── VaultKeyMissing                                 sealed files are there, their key is not
    ├── MemoryShort                                     a passcode takes some
    └── VaultNewer, VaultBusy, VaultFull, VaultUnwritable, RotationDue

docs/vault.md has a table of Identity Vault's error codes and ours.
"""

from ecrin.errors import EcrinError


class VaultError(EcrinError):
    """The vault cannot do this."""

    code = "VAULT_ERROR"
    hint = "Nothing was changed."


class InvalidEntry(VaultError):
    """The vault cannot keep a value under this name."""

    code = "VAULT_INVALID_ENTRY"
    hint = "Choose another name, or another form: what is large belongs into a file of its own, its key into the vault."


class InvalidConfig(VaultError):
    """A vault cannot be configured like this."""

    code = "VAULT_INVALID_CONFIG"
    hint = "docs/vault.md in Écrin's repository lists the fields and what goes together."


class InvalidExport(VaultError):
    """This is no export of a vault, or the passphrase is another."""

    code = "VAULT_INVALID_EXPORT"
    hint = "Try the passphrase once more, and compare the file with its original; nothing was imported."


class VaultNotInitialized(VaultError):
    """The vault is not initialized."""

    code = "VAULT_NOT_INITIALIZED"
    hint = "Call `initialize` first; after `clear` or too many tries, again."


class VaultLocked(VaultError):
    """The vault is locked."""

    code = "VAULT_LOCKED"
    hint = "Call `unlock` first."


class NotLockable(VaultError):
    """A vault of this type cannot be locked: its key is there without asking."""

    code = "VAULT_NOT_LOCKABLE"
    hint = "Choose a type that can: DEVICE_SECURITY, CUSTOM_PASSCODE or IN_MEMORY."


class SlotRefused(VaultError):
    """This does not open the vault."""

    code = "VAULT_SLOT_REFUSED"
    hint = "Try once more, or open the vault another way that was set up for it."


class PasscodeMismatch(SlotRefused):
    """This is not the passcode."""

    code = "VAULT_PASSCODE_MISMATCH"
    hint = "Try once more; each try is counted."


class PasscodeMissing(VaultError):
    """There is no passcode to try."""

    code = "VAULT_PASSCODE_MISSING"
    hint = "Hand it to the call, or register `on_passcode_requested`."


class CodeMistyped(VaultError):
    """This cannot be a recovery code: a character is wrong or missing."""

    code = "VAULT_CODE_MISTYPED"
    hint = "Compare it with what was written down: 6 groups of 5 letters and digits. It was not tried."


class SlotMissing(VaultError):
    """The vault has no such slot."""

    code = "VAULT_SLOT_MISSING"
    hint = "`slots()` lists the ways in that the vault has."


class LastSlot(VaultError):
    """This is the last way into the vault."""

    code = "VAULT_LAST_SLOT"
    hint = "Add another slot first, or `clear` the vault."


class SlotInvalidated(VaultError):
    """What opened this slot has changed since it was made: other fingers or faces are enrolled."""

    code = "VAULT_SLOT_INVALIDATED"
    hint = "Open the vault another way (passcode, recovery code) and add the slot anew."


class GateOnly(VaultError):
    """Here this can only answer yes or no: the key would lie in the key store, and the answer would not be its lock."""

    code = "VAULT_GATE_ONLY"
    hint = "Use a security key or the TPM, or say that you want it: `gate_only=True`."


class TryLater(VaultError):
    """After failed tries the next one has to wait."""

    code = "VAULT_TRY_LATER"
    hint = "Try again after that (the error has `retry_after_ms`); other ways in are not held up."

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(f"After failed tries the next one has to wait for {-(-retry_after_ms // 1000)} s.")
        self.retry_after_ms = retry_after_ms


class TooManyAttempts(VaultError):
    """There were too many failed tries; the vault was wiped, as it is configured."""

    code = "VAULT_TOO_MANY_ATTEMPTS"
    hint = "Call `initialize` for a new vault and sign the user in again."


class MemoryShort(VaultError):
    """There is not enough memory to try a passcode."""

    code = "VAULT_MEMORY_SHORT"
    hint = "Close other programs and try again; the try was not counted."


class VaultDamaged(VaultError):
    """The vault's file was changed by something other than Écrin, or a part of it is missing."""

    code = "VAULT_DAMAGED"
    hint = "Put a copy of the file back, or import an export into a new vault."


class VaultRolledBack(VaultError):
    """The file is an older copy of this vault."""

    code = "VAULT_ROLLED_BACK"
    hint = "Put the newest copy back; or, if you know why it is old, `unlock(accept_old_copy=True)`."


class AnchorMissing(VaultError):
    """The anchor of this vault is gone: nothing can tell whether the file is an old copy."""

    code = "VAULT_ANCHOR_MISSING"
    hint = "If you know why (another machine, a new key store), `unlock(accept_old_copy=True)` sets it anew."


class VaultKeyMissing(VaultError):
    """There are sealed files of this app, but the key store does not have their key."""

    code = "VAULT_KEY_MISSING"
    hint = "Bring the key store back; or, if it is gone for good, `clear` what nobody can read any more."


class VaultNewer(VaultError):
    """The vault was written by a newer version of ecrin."""

    code = "VAULT_NEWER"
    hint = "Install that version or a later one."


class VaultBusy(VaultError):
    """Another process is writing to the vault and does not finish; nothing was written."""

    code = "VAULT_BUSY"
    hint = "Try again; if it goes on, find the process that holds the file."


class VaultFull(VaultError):
    """The disk that holds the vault is full; nothing was written."""

    code = "VAULT_FULL"
    hint = "Free some space on that disk and try again; what is open can be read meanwhile."


class VaultUnwritable(VaultError):
    """The vault's file cannot be written; nothing was written."""

    code = "VAULT_UNWRITABLE"
    hint = "Check owner, mode and mount of the file and its folder."


class RotationDue(VaultError):
    """The key of this vault has sealed as much as it may."""

    code = "VAULT_ROTATION_DUE"
    hint = "Call `rotate`; nothing is lost."
