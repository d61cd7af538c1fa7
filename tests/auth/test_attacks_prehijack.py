"""A17, as far as this version has a second way in: somebody signs up with an address before its owner does."""

import pytest

from ecrin.auth.outofband.model import Purpose, Wanted
from ecrin.base.origin import SYSTEM
from harness import Instance, message

VICTIM = "victim@example.org"


async def _link_code(instance: Instance) -> str:
    wanted = Wanted(Purpose.EMAIL_SIGNIN, continue_url="http://localhost/")
    issued = await instance.app.auth.outofband.link_for(instance.project, wanted, VICTIM, SYSTEM, mailed=False)
    return issued.code.reveal()


async def test_a17_email_link_ends_the_sessions_of_who_took_the_address_without_a_password(serve: Instance) -> None:
    anonymous = (await serve.call("signUp")).json()
    taken = (await serve.call("update", {"idToken": anonymous["idToken"], "email": VICTIM})).json()
    assert (await serve.refresh(taken["refreshToken"])).status_code == 200
    serve.clock.tick(1000)
    owner = await serve.call("signInWithEmailLink", {"email": VICTIM, "oobCode": await _link_code(serve)})
    assert owner.status_code == 200

    assert message(await serve.refresh(taken["refreshToken"])) == "TOKEN_EXPIRED"


async def test_a17_email_link_removes_the_password_of_who_signed_up_with_the_address(serve: Instance) -> None:
    attacker = await serve.sign_up(VICTIM, "attacker's own")
    serve.clock.tick(1000)
    await serve.call("signInWithEmailLink", {"email": VICTIM, "oobCode": await _link_code(serve)})

    again = await serve.call("signInWithPassword", {"email": VICTIM, "password": "attacker's own"})

    assert message(again) == "INVALID_LOGIN_CREDENTIALS"
    assert message(await serve.refresh(attacker["refreshToken"])) == "TOKEN_EXPIRED"


async def test_a17_password_reset_ends_what_was_signed_in_before_and_unlinks_its_identities(serve: Instance) -> None:
    attacker = await serve.sign_up(VICTIM, "attacker's own")
    link = {"localId": attacker["localId"], "linkProviderUserInfo": {"providerId": "google.com", "rawId": "42"}}
    await serve.admin("update", link)
    wanted = Wanted(Purpose.PASSWORD_RESET)
    issued = await serve.app.auth.outofband.link_for(serve.project, wanted, VICTIM, SYSTEM, mailed=False)
    await serve.call("resetPassword", {"oobCode": issued.code.reveal(), "newPassword": "the owner's own"})

    kept = (await serve.admin("lookup", {"localId": [attacker["localId"]]})).json()["users"][0]

    assert [p["providerId"] for p in kept["providerUserInfo"]] == ["password"]
    assert message(await serve.refresh(attacker["refreshToken"])) == "TOKEN_EXPIRED"


@pytest.mark.parametrize("purpose", ["EMAIL_SIGNIN", "PASSWORD_RESET"])
async def test_a17_the_first_proof_voids_the_change_of_address_that_a_stranger_asked_for(
    serve: Instance, purpose: str
) -> None:
    attacker = await serve.sign_up(VICTIM, "attacker's own")
    change = Wanted(Purpose.VERIFY_AND_CHANGE_EMAIL, new_email="attacker@example.org")
    outofband = serve.app.auth.outofband
    pending = await outofband.link_for(serve.project, change, VICTIM, SYSTEM, mailed=False)
    proof = await outofband.link_for(serve.project, Wanted(Purpose(purpose)), VICTIM, SYSTEM, mailed=False)
    if purpose == "EMAIL_SIGNIN":
        await serve.call("signInWithEmailLink", {"email": VICTIM, "oobCode": proof.code.reveal()})
    else:
        await serve.call("resetPassword", {"oobCode": proof.code.reveal(), "newPassword": "the owner's own"})

    late = await serve.call("update", {"oobCode": pending.code.reveal()})

    assert message(late) == "INVALID_OOB_CODE"
    kept = (await serve.admin("lookup", {"localId": [attacker["localId"]]})).json()["users"][0]
    assert kept["email"] == VICTIM


async def test_a17_email_link_keeps_the_password_of_an_address_that_was_proved(serve: Instance) -> None:
    user = await serve.sign_up(VICTIM, "the owner's own")
    await serve.admin("update", {"localId": user["localId"], "emailVerified": True})
    await serve.call("signInWithEmailLink", {"email": VICTIM, "oobCode": await _link_code(serve)})

    again = await serve.call("signInWithPassword", {"email": VICTIM, "password": "the owner's own"})

    assert again.status_code == 200
