"""The main job end to end, in this process, on both engines."""

from harness import Instance, message


async def test_a_sign_up_answers_with_tokens_that_look_up_the_account(serve: Instance) -> None:
    user = await serve.sign_up("ada@example.org")

    reply = await serve.call("lookup", {"idToken": user["idToken"]})

    assert reply.json()["users"][0]["email"] == "ada@example.org"


async def test_a_refresh_token_is_exchanged_for_a_new_one(serve: Instance) -> None:
    user = await serve.sign_up()

    reply = await serve.refresh(user["refreshToken"])

    assert reply.status_code == 200
    assert reply.json()["refresh_token"] != user["refreshToken"]


async def test_a_wrong_password_and_an_unknown_address_are_refused_alike(serve: Instance) -> None:
    await serve.sign_up("ada@example.org")
    wrong = await serve.call("signInWithPassword", {"email": "ada@example.org", "password": "not the one"})
    unknown = await serve.call("signInWithPassword", {"email": "bob@example.org", "password": "not the one"})

    assert (wrong.status_code, message(wrong)) == (unknown.status_code, message(unknown))
