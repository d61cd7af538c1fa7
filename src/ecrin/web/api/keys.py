"""/api/v1/keys and a project's service account keys."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ecrin.crypto.keyset import Key, State
from ecrin.errors import NotFound
from ecrin.governance.callers import Verb
from ecrin.governance.projects.service import ProjectService
from ecrin.governance.serviceaccounts.model import key_file
from ecrin.governance.serviceaccounts.service import ServiceAccountService
from ecrin.storage.keyring.model import Purpose
from ecrin.storage.keyring.service import Keyring
from ecrin.web.api.units import Time
from ecrin.web.http import NO_CONTENT, Call, Reply, json_reply
from ecrin.web.routing import INSTANCE_ALL, INSTANCE_READ, Access, Need, Route

BASE = "/api/v1/keys"
ACCOUNTS = "/api/v1/projects/{project}/service-account-keys"
READ = Access(Need.CREDENTIAL, Verb.READ)
ALL = Access(Need.CREDENTIAL, Verb.ALL)


class Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """How to rotate; an emergency erases the old keys at once."""

    emergency: bool = False


class KeyShown(msgspec.Struct):
    """A key of the instance, without its private half; `verify_until` is null while it has no successor."""

    key_id: str
    purpose: str
    state: State
    created_at: Time
    active_from: Time
    verify_until: Time | None


class KeyList(msgspec.Struct):
    """The keys of the instance."""

    keys: list[KeyShown]


class AccountKeyShown(msgspec.Struct):
    """The record of a service account key."""

    key_id: str
    client_email: str
    created_at: Time


class AccountKeyList(msgspec.Struct):
    """The service account keys of a project that are not revoked."""

    keys: list[AccountKeyShown]


class AccountKeyFile(msgspec.Struct):
    """The file that the Admin SDKs of Firebase read."""

    type: Literal["service_account"]
    project_id: str
    private_key_id: str
    private_key: Annotated[str, Meta(description="PKCS #8 in PEM. It is a secret, shown this once.")]
    client_email: str
    client_id: str
    auth_uri: str
    token_uri: str
    universe_domain: str


class KeyEndpoints:
    """The instance's key sets, and the keys of service accounts."""

    def __init__(
        self, keyring: Keyring, projects: ProjectService, service_accounts: ServiceAccountService, public_url: str
    ) -> None:
        self._keyring = keyring
        self._projects = projects
        self._service_accounts = service_accounts
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", BASE, INSTANCE_READ, self.list, reply=KeyList),
            Route(
                "POST", f"{BASE}/{{purpose}}:rotate", INSTANCE_ALL, self.rotate, Rotation, reply=KeyShown, status=201
            ),
            Route("GET", ACCOUNTS, READ, self.list_accounts, reply=AccountKeyList),
            Route("POST", ACCOUNTS, ALL, self.create_account, reply=AccountKeyFile, status=201),
            Route("DELETE", f"{ACCOUNTS}/{{key}}", ALL, self.revoke_account),
        ]

    async def list(self, call: Call) -> Reply:
        """Return every key with its state; never its private half."""
        return json_reply(KeyList([_shown(key, state) for key, state in self._keyring.inventory()]))

    async def rotate(self, call: Call) -> Reply:
        """Make the next key of a purpose."""
        try:
            purpose = Purpose(call.params["purpose"])
        except ValueError:
            raise NotFound("There is no such key set.") from None
        fresh = await self._keyring.rotate(purpose, call.origin, emergency=call.body.emergency)
        states = {key.id: state for key, state in self._keyring.inventory()}
        return json_reply(_shown(fresh, states[fresh.id]), 201)

    async def list_accounts(self, call: Call) -> Reply:
        """Return the keys of a project's service account."""
        project = self._projects.get(call.params["project"])
        keys = self._service_accounts.keys(project.id)
        return json_reply(AccountKeyList([AccountKeyShown(k.id, k.email, k.created_at) for k in keys]))

    async def create_account(self, call: Call) -> Reply:
        """Make a key and return its file, this once."""
        project = self._projects.get(call.params["project"])
        key, private_pem = await self._service_accounts.create_key(project.id, call.origin)
        return json_reply(key_file(key, private_pem.reveal(), self._public_url), 201)

    async def revoke_account(self, call: Call) -> Reply:
        """Revoke a key of a project's service account."""
        await self._service_accounts.revoke_key(call.params["project"], call.params["key"], call.origin)
        return NO_CONTENT


def _shown(key: Key, state: State) -> KeyShown:
    return KeyShown(key.id, key.purpose, state, key.created_at, key.active_from, key.verify_until)
