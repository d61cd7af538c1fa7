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
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from auth.session_model import DAY, LIFE, ModelAccount, ModelSession
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
SHORT_PAUSES = st.sampled_from([0, 1, 4 * SECOND, 9_999, 10 * SECOND])
BACK = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4])
WHICH = st.integers(0, 9)


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


def moved(machine: "Sessions") -> bool:
    """Whether sessions went on since all of them were last interrupted: so most steps are about tokens that live."""
    return machine.moves >= 4


class Sessions(RuleBasedStateMachine):
    """One account; each rule acts on the instance and on the model and compares what they answer."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house
        self.model = ModelAccount()
        self.devices: list[Device] = []
        self.moves = 0  # since the last interruption
        self.password = "first password"

    @property
    def now(self) -> int:
        return self.house.clock.now()

    @property
    def signed_in(self) -> list[Device]:
        return [device for device in self.devices if not device.model.over]

    @initialize()
    def sign_up(self) -> None:
        self.house.clock.at = START
        projects = self.house.app.governance.projects
        self.project_id = self.house.run(projects.create(f"p-{secrets.token_hex(8)}", SYSTEM)).id
        done = self.house.run(self.app.passwords.sign_up(self.project, EMAIL, self.password, None, SYSTEM))
        self.account_id = done.account.id
        self._add(done)

    @rule()
    @precondition(lambda self: len(self.signed_in) < 3)
    def sign_in(self) -> None:
        self._add(self._sign_in())

    @rule(which=WHICH, pauses=st.lists(PAUSES, min_size=1, max_size=4))
    @precondition(lambda self: self.signed_in)
    def refresh(self, which: int, pauses: list[int]) -> None:
        """Present the newest token, time and again."""
        device = self._one_of(self.signed_in, which)
        for pause in pauses:
            self.house.clock.tick(pause)
            self._present(device, 0)

    @rule(which=WHICH, pauses=st.lists(SHORT_PAUSES, min_size=2, max_size=4))
    @precondition(lambda self: self.signed_in)
    def fan_out(self, which: int, pauses: list[int]) -> None:
        """Requests at the same moment, or tabs that share a token: the newest, and then each that was before it."""
        device = self._one_of(self.signed_in, which)
        for pause in pauses:
            self._present(device, 0)
            self.house.clock.tick(pause)
        for back in range(1, 1 + len(pauses)):
            self._present(device, back)

    @rule(which=WHICH, generations=st.integers(1, 4), again=st.booleans(), honest=st.booleans())
    @precondition(lambda self: self.signed_in)
    def late_parent(self, which: int, generations: int, again: bool, honest: bool) -> None:
        """A device that loses each reply, or the one beside it that somebody else uses in step."""
        device = self._one_of(self.signed_in, which)
        for _ in range(generations):
            self._present(device, 0)
            for _ in range(1 + again):
                self.house.clock.tick(11 * SECOND)
                self._present(device, 1)
        if honest:
            self._present(device, 0)
            self._present(device, 0)

    @rule(which=WHICH, steps=st.lists(st.tuples(PAUSES, BACK), min_size=2, max_size=5))
    @precondition(lambda self: self.signed_in)
    def replay(self, which: int, steps: list[tuple[int, int]]) -> None:
        """Present the newest token or one some generations older, a while after the one before."""
        device = self._one_of(self.signed_in, which)
        for pause, back in steps:
            self.house.clock.tick(pause)
            self._present(device, back)

    @rule(which=WHICH, back=BACK)
    @precondition(lambda self: moved(self) and len(self.signed_in) < len(self.devices))
    def replay_after_the_end(self, which: int, back: int) -> None:
        self._present(self._one_of([device for device in self.devices if device.model.over], which), back)

    @rule(which=WHICH, back=BACK)
    @precondition(moved)
    def revoke(self, which: int, back: int) -> None:
        self.moves = 0
        self._update(Changes(valid_since=self.now // 1000))
        self.model.revoke(self.now)
        self._present(self._one_of(self.devices, which), back)

    @rule()
    @precondition(lambda self: moved(self) and self.model.valid_since <= self.now // 1000)
    def change_password(self) -> None:
        """By the user, who gets a new session for it."""
        self.moves = 0
        done = self._sign_in()
        self._add(done)
        assert isinstance(done, SignedIn)
        self.password = secrets.token_hex(8)
        wish, id_token = Wish(password=Secret(self.password)), done.tokens.id_token.reveal()
        _, tokens = self.house.run(self.app.self_service.update(self.project, id_token, wish, SYSTEM))
        assert tokens is not None
        self.model.revoke(self.now)
        self.devices.append(Device(self._model_session(), tokens))

    @rule(which=WHICH, back=BACK)
    @precondition(moved)
    def suspend(self, which: int, back: int) -> None:
        """Disable the account for a while: nothing is given out, and no session moves."""
        self.moves = 0
        self._disable(True)
        assert self._sign_in() == self.model.sign_in(self.now) == "USER_DISABLED"
        self._present(self._one_of(self.devices, which), back)
        self._disable(False)

    @rule(pause=st.sampled_from([-HOUR, HOUR, DAY, 30 * DAY, 60 * DAY - 1]))
    @precondition(moved)
    def clock(self, pause: int) -> None:
        self.moves = 0
        self.house.clock.tick(pause)

    @rule(which=WHICH, rest=st.sampled_from([59 * DAY, 60 * DAY - 1, 60 * DAY]))
    @precondition(lambda self: self.signed_in)
    def rest(self, which: int, rest: int) -> None:
        device = self._one_of(self.signed_in, which)
        self._present(device, 0)
        self.house.clock.tick(rest)
        self._present(device, 0)

    @rule(which=WHICH, left=st.sampled_from([1, 0]))
    @precondition(lambda self: moved(self) and self.signed_in)
    def grow_old(self, which: int, left: int) -> None:
        """Present the newest token every other month, up to the last millisecond of the session's life or beyond."""
        self.moves = 0
        device = self._one_of(self.signed_in, which)
        end = device.model.started + LIFE
        while self.now < end - left and not device.model.over:
            self.house.clock.tick(min(59 * DAY, end - left - self.now))
            self._present(device, 0)

    @rule()
    @precondition(moved)
    def restart(self) -> None:
        self.moves = 0
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

    def _add(self, done: SignedIn | str) -> None:
        assert isinstance(done, SignedIn), done
        self.devices.append(Device(self._model_session(), done.tokens))

    @staticmethod
    def _one_of(devices: list[Device], which: int) -> Device:
        return devices[which % len(devices)]

    def _disable(self, disabled: bool) -> None:
        self._update(Changes(disabled=disabled))
        self.model.disabled = disabled

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
        self.moves += 1
        token = found[0].refresh_token.reveal()
        if expected == len(device.tokens):
            assert token not in device.tokens
            device.tokens.append(token)
        assert token == device.tokens[expected]

    def _update(self, changes: Changes) -> None:
        self.house.run(self.house.app.auth.accounts.update(self.project_id, self.account_id, changes, SYSTEM))


def test_sessions_live_as_the_design_says(house: House) -> None:
    profile = settings(max_examples=40, stateful_step_count=25)
    run_state_machine_as_test(lambda: Sessions(house), settings=profile)
