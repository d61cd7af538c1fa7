"""One account per e-mail address, and the mode in which providers may share one (protocol sheet §3, §5.3)."""

import pytest

from harness import Instance, message

EMAIL = "ada@example.org"
GOOGLE = {"providerId": "google.com", "rawId": "42", "email": EMAIL}


async def _linked(dev: Instance) -> None:
    """Make an account whose own address is another one, with the address at Google."""
    made = (await dev.admin("", {"email": "other@example.org", "password": "correct horse"})).json()
    await dev.admin("update", {"localId": made["localId"], "linkProviderUserInfo": GOOGLE})


async def _ways_in(dev: Instance) -> dict[str, object]:
    reply = await dev.call("createAuthUri", {"identifier": EMAIL, "continueUri": "http://localhost/"})
    return {name: reply.json()[name] for name in ("registered", "allProviders", "signinMethods")}


async def _duplicates(dev: Instance, *, allowed: bool) -> None:
    path = f"/emulator/v1/projects/{dev.project.id}/config"
    reply = await dev.http.patch(path, json={"signIn": {"allowDuplicateEmails": allowed}})
    assert reply.json()["signIn"] == {"allowDuplicateEmails": allowed}


async def test_an_address_leads_to_the_account_of_the_provider_that_knows_it(dev: Instance) -> None:
    await _linked(dev)

    found = await _ways_in(dev)

    assert found["registered"] is True
    assert "google.com" in found["signinMethods"]  # type: ignore[operator]


async def test_with_duplicates_a_providers_address_leads_to_no_account(dev: Instance) -> None:
    await _duplicates(dev, allowed=True)
    await _linked(dev)

    assert await _ways_in(dev) == {"registered": False, "allProviders": [], "signinMethods": []}


@pytest.mark.parametrize("allowed", [False, True])
async def test_an_account_of_its_own_never_shares_its_address(dev: Instance, allowed: bool) -> None:
    await _duplicates(dev, allowed=allowed)
    await dev.sign_up(EMAIL)

    again = await dev.call("signUp", {"email": EMAIL, "password": "correct horse"})

    assert message(again) == "EMAIL_EXISTS"


async def test_import_refuses_an_address_that_stands_twice_unless_duplicates_are_allowed(dev: Instance) -> None:
    rows = {"users": [{"localId": "a", "email": EMAIL}, {"localId": "b", "email": EMAIL}], "sanityCheck": True}
    refused = await dev.admin("batchCreate", rows)
    await _duplicates(dev, allowed=True)
    taken = await dev.admin("batchCreate", rows)

    assert message(refused) == f"DUPLICATE_EMAIL : {EMAIL}"
    assert [e["index"] for e in taken.json()["error"]] == [1]
