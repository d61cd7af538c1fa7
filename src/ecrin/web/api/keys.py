"""/api/v1/keys and a project's service account keys."""

from typing import Any

import msgspec

from ecrin.crypto.keyset import Key, State
from ecrin.errors import NotFound
from ecrin.governance.callers import Verb
from ecrin.governance.projects.service import ProjectService
from ecrin.governance.serviceaccounts.model import key_file
from ecrin.governance.serviceaccounts.service import ServiceAccountService
from ecrin.storage.keyring.model import Purpose
from ecrin.storage.keyring.service import Keyring
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import INSTANCE_ALL, INSTANCE_READ, Access, Need, Route

BASE = "/api/v1/keys"
ACCOUNTS = "/api/v1/projects/{project}/service-account-keys"
READ = Access(Need.CREDENTIAL, Verb.READ)
ALL = Access(Need.CREDENTIAL, Verb.ALL)


class Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """How to rotate; an emergency erases the old keys at once."""

    emergency: bool = False


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
            Route("GET", BASE, INSTANCE_READ, self.list),
            Route("POST", f"{BASE}/{{purpose}}:rotate", INSTANCE_ALL, self.rotate, Rotation),
            Route("GET", ACCOUNTS, READ, self.list_accounts),
            Route("POST", ACCOUNTS, ALL, self.create_account),
            Route("DELETE", f"{ACCOUNTS}/{{key}}", ALL, self.revoke_account),
        ]

    async def list(self, call: Call) -> Reply:
        """Return every key with its state; never its private half."""
        return json_reply({"keys": [_key(key, state) for key, state in self._keyring.inventory()]})

    async def rotate(self, call: Call) -> Reply:
        """Make the next key of a purpose."""
        try:
            purpose = Purpose(call.params["purpose"])
        except ValueError:
            raise NotFound("There is no such key set.") from None
        fresh = await self._keyring.rotate(purpose, call.origin, emergency=call.body.emergency)
        states = {key.id: state for key, state in self._keyring.inventory()}
        return json_reply(_key(fresh, states[fresh.id]), 201)

    async def list_accounts(self, call: Call) -> Reply:
        """Return the keys of a project's service account."""
        project = self._projects.get(call.params["project"])
        keys = self._service_accounts.keys(project.id)
        rows = [{"key_id": k.id, "client_email": k.email, "created_at": k.created_at} for k in keys]
        return json_reply({"keys": rows})

    async def create_account(self, call: Call) -> Reply:
        """Make a key and return its file, this once."""
        project = self._projects.get(call.params["project"])
        key, private_pem = await self._service_accounts.create_key(project.id, call.origin)
        return json_reply(key_file(key, private_pem.reveal(), self._public_url), 201)

    async def revoke_account(self, call: Call) -> Reply:
        """Revoke a key of a project's service account."""
        await self._service_accounts.revoke_key(call.params["project"], call.params["key"], call.origin)
        return json_reply({})


def _key(key: Key, state: State) -> dict[str, Any]:
    return {
        "key_id": key.id,
        "purpose": key.purpose,
        "state": state,
        "created_at": key.created_at,
        "active_from": key.active_from,
        "verify_until": key.verify_until,
    }
