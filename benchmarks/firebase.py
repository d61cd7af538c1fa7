"""The requests that both servers speak (Firebase Auth's wire protocol), and users to make them with."""

import asyncio
import json
from dataclasses import dataclass

from benchmarks.server import Server
from benchmarks.wire import Connection, post

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PASSWORD = "correct horse battery"
_ACCOUNTS = "/identitytoolkit.googleapis.com/v1/accounts:"


@dataclass(frozen=True, slots=True)
class User:
    """A user who is signed in."""

    email: str
    id_token: str
    refresh_token: str


def call(server: Server, verb: str, **body: object) -> bytes:
    """Return the request of `accounts:verb`."""
    path = f"{_ACCOUNTS}{verb}?key={server.key}"
    return post(server.address, path, json.dumps(body).encode(), JSON)


def lookup(server: Server, user: User) -> bytes:
    """Return the request for the account of an ID token."""
    return call(server, "lookup", idToken=user.id_token)


def sign_in(server: Server, email: str, password: str = PASSWORD) -> bytes:
    """Return the request of a sign-in with a password."""
    return call(server, "signInWithPassword", email=email, password=password, returnSecureToken=True)


def sign_up(server: Server, email: str) -> bytes:
    """Return the request that makes an account with a password."""
    return call(server, "signUp", email=email, password=PASSWORD, returnSecureToken=True)


def refresh(server: Server, refresh_token: str) -> bytes:
    """Return the request that exchanges a refresh token, as the JS SDK writes it."""
    body = f"grant_type=refresh_token&refresh_token={refresh_token.replace('=', '%3D')}"
    return post(server.address, f"/securetoken.googleapis.com/v1/token?key={server.key}", body.encode(), FORM)


async def users(server: Server, count: int, *, password: bool, prefix: str = "user") -> list[User]:
    """Make users; without a password they are anonymous, which costs no hash."""
    made: list[User] = []
    numbers = iter(range(count))

    async def make() -> None:
        connection = await Connection.open(server.address)
        for number in numbers:
            email = f"{prefix}-{number}@example.org" if password else ""
            request = sign_up(server, email) if password else call(server, "signUp", returnSecureToken=True)
            reply = json.loads(await connection.ask(request))
            made.append(User(email, reply["idToken"], reply["refreshToken"]))
        connection.close()

    await asyncio.gather(*(make() for _ in range(min(count, 16))))
    return made
