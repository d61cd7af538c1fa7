"""The persistent account: what of a user survives a restart, an update and a reinstall of the app.

It is in sealed files, which say what they protect from: `ecrin.vault.sealed.service`.
"""

from ecrin.vault.account.capgo import account_of
from ecrin.vault.account.format import check_name, pack, unpack
from ecrin.vault.device.here import here
from ecrin.vault.device.ports import Platform
from ecrin.vault.memory import forget
from ecrin.vault.model import Json
from ecrin.vault.naming import check_app_id
from ecrin.vault.sealed.service import SealedFiles


class PersistentAccount:
    """The accounts of the user in one app; an app that has a single one leaves the name out.

    `platform` is this device by default. Raises `InvalidConfig` for an app id that is no reverse domain name. Every
    call raises `KeyStoreUnavailable` or `KeyStoreLocked` if the key is out of reach, and `VaultKeyMissing` if it is
    gone while there are files: no new key is made then. A name is a text of 1 to 1024 bytes.
    """

    def __init__(self, app_id: str, *, platform: Platform | None = None) -> None:
        check_app_id(app_id)
        self._files = SealedFiles(app_id, "accounts", platform or here())

    async def read(self, name: str = "default") -> Json:
        """Return an account's data, None if there is none; raises `VaultDamaged`, `VaultNewer`, `VaultUnwritable`."""
        check_name(name)
        packed = await self._files.read(name.encode())
        return None if packed is None else unpack(packed)[1]

    async def save(self, data: Json, name: str = "default") -> None:
        """Keep JSON as an account's data, in the place of what is there; it is on disk when this returns.

        Raises `InvalidAccount` for None and for what is no JSON, `VaultFull`, `VaultUnwritable`.
        """
        packed = pack(name, data)
        try:
            await self._files.write(name.encode(), packed)
        finally:
            forget(packed)

    async def import_capgo(self, text: str, name: str = "default") -> Json:
        """Save the account that `@capgo/capacitor-persistent-account` wrote or gave as JSON text, and return its data.

        Raises `InvalidAccount` if there is none in it, and what `save` raises.
        """
        data = account_of(text)
        await self.save(data, name)
        return data

    async def delete(self, name: str = "default") -> None:
        """Remove an account, also a damaged one; one that is not there is no error. Raises `VaultUnwritable`."""
        check_name(name)
        await self._files.remove(name.encode())

    async def list(self) -> list[str]:
        """Return the names of all accounts, sorted; raises `VaultDamaged`, `VaultNewer` if a file does not open."""
        return sorted(unpack(packed)[0] for packed in await self._files.read_all())

    async def clear(self) -> None:
        """Remove all accounts of the app, readable or not, and their key; raises `VaultUnwritable`."""
        await self._files.clear()
