"""What waits for a person can be given up, by the app and by the person, and leaves nothing behind."""

import asyncio
from collections.abc import Iterable

import pytest
from fido2.ctap import CtapDevice

from ecrin.testing.authenticator import SoftAuthenticator
from ecrin.vault.device.errors import AppCanceled, SecurityKeyUnavailable, UserCanceled
from ecrin.vault.ports import Asked
from ecrin.vault.slots.securitykey import SecurityKeySlot
from vault.securitykey.conftest import PIN, PLACE, Desk, Person


async def test_cancelling_the_task_ends_the_wait_for_a_touch(desk: Desk, key: SoftAuthenticator) -> None:
    made, secret = await desk.enrolled()
    key.touch = False
    task = asyncio.create_task(desk.opened(made, person := Person(PIN)))
    await person.told.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    key.touch = True
    assert await desk.opened(made) == secret
    assert person.typed == [bytearray(4)]


async def test_cancelling_the_task_ends_the_question_for_the_pin(desk: Desk, key: SoftAuthenticator) -> None:
    made, _ = await desk.enrolled()
    task = asyncio.create_task(desk.opened(made, person := Person()))
    await person.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert person.left_alone
    assert key.state["retries"] == 8


async def test_a_key_that_nobody_touches_gives_up(desk: Desk, key: SoftAuthenticator) -> None:
    made, _ = await desk.enrolled()
    key.touch, key.patience = False, 0
    with pytest.raises(UserCanceled, match="Nobody touched"):
        await desk.opened(made)


async def test_an_empty_pin_is_no_try(desk: Desk, key: SoftAuthenticator) -> None:
    made, _ = await desk.enrolled()
    with pytest.raises(UserCanceled):
        await desk.opened(made, Person(""))
    assert key.state["retries"] == 8


class Away(Person):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    async def secret(self, asked: Asked) -> bytearray:
        raise self._error


@pytest.mark.parametrize(
    ("error", "raised"),
    [(UserCanceled(), UserCanceled), (asyncio.CancelledError(), AppCanceled), (TimeoutError(), TimeoutError)],
    ids=["user", "app", "error"],
)
async def test_what_who_is_asked_for_the_pin_raises_is_no_fault_of_the_key(
    desk: Desk, key: SoftAuthenticator, error: BaseException, raised: type[Exception]
) -> None:
    made, _ = await desk.enrolled()
    with pytest.raises(raised):
        await desk.opened(made, Away(error))
    assert key.state["retries"] == 8


async def test_a_key_that_is_taken_out_meanwhile_is_unavailable(desk: Desk) -> None:
    made, _ = await desk.enrolled()

    def gone() -> Iterable[CtapDevice]:
        raise OSError("No such device")

    with pytest.raises(SecurityKeyUnavailable):
        await SecurityKeySlot(gone).secret(PLACE, made.params, Person(PIN))


async def test_the_loop_goes_on_while_a_key_waits(desk: Desk, key: SoftAuthenticator) -> None:
    made, _ = await desk.enrolled()
    key.touch = False
    task = asyncio.create_task(desk.opened(made, person := Person(PIN)))
    await person.told.wait()
    turns = 0
    while turns < 100:  # none of these would come if the loop were blocked
        await asyncio.sleep(0)
        turns += 1
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
