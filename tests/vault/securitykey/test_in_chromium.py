"""A browser opens a slot that we made, and we one of its: PRF, key pair and wrapped key are the same on both sides."""

import json
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, async_playwright

from ecrin.vault.format import slots
from vault.conftest import slot_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: `chromium` is not on the PATH")
PAGE = f"<!doctype html><title>a slot</title><script>{Path(__file__).with_name('page.js').read_text('utf-8')}</script>"
KEY = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
    "hasPrf": True,
}
VECTOR: dict[str, Any] = json.loads((Path(__file__).parents[3] / "vectors/vault_prf.json").read_text("utf-8"))


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page on http://localhost with a security key of the browser's own, in software."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            page = await chromium.new_page()
            await page.route("http://localhost/", _served)
            devtools = await page.context.new_cdp_session(page)
            await devtools.send("WebAuthn.enable")
            await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
            await page.goto("http://localhost/")
            yield page
        finally:
            await chromium.close()


async def _served(route: Route) -> None:
    await route.fulfill(body=PAGE, content_type="text/html; charset=utf-8")


async def test_a_slot_from_the_prf_of_a_browser_opens_on_both_sides(page: Page) -> None:
    salt, vault, vault_key, guard = secrets.token_hex(32), *(secrets.token_bytes(size) for size in (16, 32, 32))
    made = await page.evaluate("create", salt)
    assert made["enabled"]
    secret = await page.evaluate("([id, salt]) => evaluate(id, salt)", [made["credential"], salt])
    assert secret == await page.evaluate("([id, salt]) => evaluate(id, salt)", [made["credential"], salt])

    id_, prf, params = secrets.token_bytes(16), bytes.fromhex(secret), '{"credential":"é"}'
    slot, out = slot_of(prf, "security-key", params.encode(), id_, vault, vault_key, guard, 7), bytearray(64)
    assert slots.unwrap(vault, slot, prf, memoryview(out)) == 7
    assert out == vault_key + guard

    sealed = {"guard": slot.guard.hex(), "wrapped": slot.wrapped.hex()}
    row = {"id": id_.hex(), "kind": slot.kind, "params": params, **sealed}
    found = await page.evaluate("([vault, row, secret]) => unwrap(vault, row, secret)", [vault.hex(), row, secret])
    assert found == {"epoch": 7, "vault_key": vault_key.hex(), "guard": guard.hex()}
    pair = await page.evaluate("([vault, id, secret]) => pair(vault, id, secret)", [vault.hex(), id_.hex(), secret])
    assert pair["public"] == slot.public.hex()


async def test_the_vectors_in_the_browser(page: Page) -> None:
    for case in VECTOR["slots"]:
        vault = VECTOR["vault_id"]
        pair = await page.evaluate("([vault, id, prf]) => pair(vault, id, prf)", [vault, case["id"], case["prf"]])
        assert pair == {"private": case["private"], "public": case["public"]}
        found = await page.evaluate("([vault, row, prf]) => unwrap(vault, row, prf)", [vault, case, case["prf"]])
        assert found == {"epoch": case["epoch"], "vault_key": VECTOR["vault_key"], "guard": VECTOR["guard"]}
