"""Random lives of one account's sessions, in the real instance and in a small model, step by step the same."""

import asyncio
import secrets
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from auth.session_model import DAY, ModelAccount, ModelSession
from ecrin.assembly import App, build
from ecrin.auth.accounts.rules import Changes
from ecrin.auth.selfservice.rules import Wish
from ecrin.auth.tokens.model import SignedIn, Tokens
from ecrin.base.clock import HOUR, SECOND
from ecrin.base.origin import SYSTEM
from ecrin.base.secret import Secret
from ecrin.crypto.passwords import CHEAPEST
from ecrin.errors import EcrinError
from ecrin.settings import Settings
from ecrin.storage.sql.connect import open_database
from ecrin.storage.sql.port import Tx
from ecrin.testing.clock import START, FakeClock

T = TypeVar("T")
EMAIL = "ann@example.org"
PAUSES = st.sampled_from([0, 1, 4 * SECOND, 9_999, 10 * SECOND, 11 * SECOND, HOUR // 2, -7 * SECOND, -HOUR])
BACK = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4])


class House:
    """An instance on SQLite with an event loop of its own; it can be restarted over its database."""

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder}/ecrin.db"
        self._master = Secret(secrets.token_bytes(32))
        self._runner = asyncio.Runner()
        self.clock = FakeClock()
        self.app = self.run(self._open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def attempt(self, work: Coroutine[Any, Any, T]) -> T | str:
        """The result, or the code of the refusal."""
        try:
            return self.run(work)
        except EcrinError as refusal:
            return refusal.code

    def restart(self) -> None:
        self.run(self.app.close())
        self.app = self.run(self._open())

    def close(self) -> None:
        self.run(self.app.close())
        self._runner.close()

    async def _open(self) -> App:
        database = await open_database(self._url, clock=self.clock)
        await database.migrate()
        return await build(Settings(), database, self._master, self.clock, "http://127.0.0.1:9099", CHEAPEST)


@pytest.fixture
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        yield house
        house.close()


class Device:
    """The refresh tokens that a device was ever given, by number, beside the model of its session."""

    def __init__(self, model: ModelSession, tokens: Tokens) -> None:
        self.model = model
        self.tokens = [tokens.refresh_token.reveal()]


class Sessions(RuleBasedStateMachine):
    """One account; each rule acts on the instance and on the model and compares what they answer."""

    devices: Bundle[Device] = Bundle("devices")

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house
        self.model = ModelAccount()
        self.password = "first password"

    @property
    def now(self) -> int:
        return self.house.clock.now()

    @initialize(target=devices)
    def sign_up(self) -> Device:
        self.house.clock.at = START
        projects = self.house.app.governance.projects
        self.project_id = self.house.run(projects.create(f"p-{secrets.token_hex(8)}", SYSTEM)).id
        done = self.house.run(self.app.passwords.sign_up(self.project, EMAIL, self.password, None, SYSTEM))
        self.account_id = done.account.id
        return self._device(done)

    @rule(target=devices)
    @precondition(lambda self: not self.model.disabled)
    def sign_in(self) -> Device:
        return self._device(self._sign_in())

    @rule()
    @precondition(lambda self: self.model.disabled)
    def sign_in_while_disabled(self) -> None:
        assert self._sign_in() == self.model.sign_in(self.now) == "USER_DISABLED"

    @rule(device=devices, steps=st.lists(st.tuples(PAUSES, BACK), min_size=1, max_size=6))
    def use(self, device: Device, steps: list[tuple[int, int]]) -> None:
        """Present the newest token or one some generations older, a while after the one before."""
        for pause, back in steps:
            self.house.clock.tick(pause)
            self._present(device, back)

    @rule(device=devices, generations=st.integers(1, 4), honest=st.booleans())
    def lose_replies(self, device: Device, generations: int, honest: bool) -> None:
        """A device that loses each reply, or the one beside it that somebody else uses in step."""
        for _ in range(generations):
            self._present(device, 0)
            self.house.clock.tick(11 * SECOND)
            self._present(device, 1)
        if honest:
            self._present(device, 0)
            self._present(device, 0)

    @rule()
    def revoke(self) -> None:
        self._update(Changes(valid_since=self.now // 1000))
        self.model.revoke(self.now)

    @rule(target=devices)
    @precondition(lambda self: not self.model.disabled and self.model.valid_since <= self.now // 1000)
    def change_password(self) -> Device:
        """By the user, who gets a new session for it."""
        done = self._sign_in()
        self._device(done)
        assert isinstance(done, SignedIn)
        self.password = secrets.token_hex(8)
        wish, id_token = Wish(password=Secret(self.password)), done.tokens.id_token.reveal()
        _, tokens = self.house.run(self.app.self_service.update(self.project, id_token, wish, SYSTEM))
        assert tokens is not None
        self.model.revoke(self.now)
        return Device(self._model_session(), tokens)

    @rule(disabled=st.booleans())
    def disable(self, disabled: bool) -> None:
        self._update(Changes(disabled=disabled))
        self.model.disabled = disabled

    @rule(days=st.sampled_from([1, 30, 59, 60]))
    def rest(self, days: int) -> None:
        self.house.clock.tick(days * DAY)

    @rule()
    def restart(self) -> None:
        self.house.restart()

    def teardown(self) -> None:
        """What is kept is what the model says: how far each session came, and which of them are over."""
        kept = self.house.run(self.house.app.base.database.scan(self._kept))
        assert kept == Counter((session.newest, session.over) for session in self.model.sessions)

    async def _kept(self, tx: Tx) -> Counter[tuple[int, bool]]:
        sql = "SELECT counter, ended_at FROM sessions WHERE project_id = :project_id"
        return Counter(
            (row["counter"], row["ended_at"] is not None) for row in await tx.all(sql, project_id=self.project_id)
        )

    @property
    def app(self) -> Any:
        return self.house.app.auth

    @property
    def project(self) -> Any:
        return self.house.app.governance.projects.get(self.project_id)

    def _sign_in(self) -> SignedIn | str:
        return self.house.attempt(self.app.passwords.sign_in(self.project, EMAIL, self.password, SYSTEM))

    def _device(self, done: SignedIn | str) -> Device:
        assert isinstance(done, SignedIn), done
        return Device(self._model_session(), done.tokens)

    def _model_session(self) -> ModelSession:
        session = self.model.sign_in(self.now)
        assert isinstance(session, ModelSession)
        return session

    def _present(self, device: Device, back: int) -> None:
        number = max(0, len(device.tokens) - 1 - back)
        found = self.house.attempt(self.app.tokens.refresh(self.project, device.tokens[number], SYSTEM))
        expected = self.model.refresh(device.model, number, self.now)
        if isinstance(expected, str) or isinstance(found, str):
            assert found == expected
            return
        token = found[0].refresh_token.reveal()
        if expected == len(device.tokens):
            assert token not in device.tokens
            device.tokens.append(token)
        assert token == device.tokens[expected]

    def _update(self, changes: Changes) -> None:
        self.house.run(self.house.app.auth.accounts.update(self.project_id, self.account_id, changes, SYSTEM))


def test_sessions_live_as_the_design_says(house: House) -> None:
    profile = settings(max_examples=50, stateful_step_count=25)
    run_state_machine_as_test(lambda: Sessions(house), settings=profile)
