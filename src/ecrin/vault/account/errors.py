"""What an account alone refuses: a branch of the tree in `ecrin.errors`; the rest is in `ecrin.vault.errors`."""

from ecrin.vault.errors import VaultError


class InvalidAccount(VaultError):
    """This cannot be kept as an account."""

    code = "ACCOUNT_INVALID"
    hint = "A name is text of 1 to 1024 bytes; the data is JSON (objects with text as names) of at most 4 MiB."
