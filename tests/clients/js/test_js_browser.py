"""The unmodified Firebase JS SDK, bundled, in headless Chromium: every scenario again, and what only a browser has.

The pages come from the test's desk, so every call to the server under test crosses origins and needs its CORS answers.
"""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

HERE = Path(__file__).parent
PAGE = b'<!doctype html><meta charset="utf-8"><title>scenarios</title><script type="module" src="/app.js"></script>'
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
pytestmark = pytest.mark.xdist_group("js-chromium")


class Tab:
    """One tab with the app of `stage/tab.mjs` in it; tabs of one context share what they store."""

    def __init__(self, page, desk, store):
        self.page = page
        self._opening = [desk.facts, "shared", store]

    @classmethod
    async def open(cls, context, desk, store="indexedDB"):
        tab = cls(await context.new_page(), desk, store)
        await tab.page.goto(desk.url)
        await tab._start()
        return tab

    async def _start(self):
        await self.page.evaluate("async (opening) => { window.tab = await ecrin.openTab(...opening) }", self._opening)

    async def reload(self):
        await self.page.reload()
        await self._start()

    async def call(self, verb, *arguments):
        return await self.page.evaluate("([verb, ...rest]) => tab[verb](...rest)", [verb, *arguments])


@pytest.fixture(scope="module")
def bundle(node, tmp_path_factory):
    """The module that the page loads: SDK and scenarios."""
    out = tmp_path_factory.mktemp("bundle") / "app.js"
    subprocess.run([node, HERE / "bundle.mjs", out], check=True)
    return out.read_bytes()


@pytest.fixture(scope="module")
async def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is missing: `chromium` is not on the PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
def site(desk, bundle):
    """The desk, serving the page as well."""
    desk.pages |= {"/": ("text/html", PAGE), "/app.js": ("text/javascript", bundle)}
    return desk


@pytest.fixture(scope="module")
def pages():
    """The pages in use, by address; they end with the browser."""
    return {}


@pytest.fixture
async def page(browser, pages, site):
    """One page for all scenarios of a mode: each scenario opens apps of its own in it."""
    if site.url not in pages:
        pages[site.url] = await browser.new_page()
        await pages[site.url].goto(site.url)
    return pages[site.url]


@pytest.fixture
async def context(browser):
    """A browser profile of its own, with nothing stored."""
    context = await browser.new_context()
    yield context
    await context.close()


async def test_unmodified_sdk_in_chromium(page, desk, scenario):
    result = await page.evaluate("([scenario, server]) => ecrin.play(scenario, server)", [scenario, desk.facts])
    assert result["ok"], result["error"]


@pytest.mark.parametrize("store", ["indexedDB", "localStorage", "sessionStorage"])
async def test_session_survives_a_reload_of_the_page(context, site, store):
    tab = await Tab.open(context, site, store)
    uid = await tab.call("signInAnonymously")
    await tab.reload()
    assert await tab.call("uid") == uid


async def test_session_kept_in_memory_ends_with_the_page(context, site):
    tab = await Tab.open(context, site, "memory")
    await tab.call("signInAnonymously")
    await tab.reload()
    assert await tab.call("uid") is None


async def test_restored_session_can_still_refresh(context, site):
    tab = await Tab.open(context, site)
    uid = await tab.call("signInAnonymously")
    await tab.call("refresh", 2)
    await tab.reload()
    assert await tab.call("refresh", 2) == uid


async def test_revoked_session_is_gone_after_a_reload(context, site):
    tab = await Tab.open(context, site)
    uid = await tab.call("signInAnonymously")
    await asyncio.sleep(1.01)  # revocation counts in whole seconds
    site.operator.revoke(uid)
    await tab.reload()
    assert await tab.call("uid") is None


async def test_two_tabs_that_refresh_at_once_both_stay_signed_in(context, site):
    first = await Tab.open(context, site)
    uid = await first.call("signInAnonymously")
    second = await Tab.open(context, site)
    refreshed = await asyncio.gather(first.call("refresh", 10), second.call("refresh", 10))
    await asyncio.gather(first.reload(), second.reload())
    restored = await asyncio.gather(first.call("refresh", 1), second.call("refresh", 1))
    assert [*refreshed, *restored] == [uid] * 4


async def test_sign_in_in_one_tab_is_seen_by_the_other(context, site):
    first, second = await Tab.open(context, site), await Tab.open(context, site)
    uid = await first.call("signInAnonymously")
    await second.call("becomes", uid)
    assert await second.call("refresh", 1) == uid


async def test_sign_out_in_one_tab_is_seen_by_the_other(context, site):
    first = await Tab.open(context, site)
    uid = await first.call("signInAnonymously")
    second = await Tab.open(context, site)
    assert await second.call("uid") == uid
    await first.call("signOut")
    await second.call("becomes", None)
    assert await second.call("uid") is None


async def test_lost_reply_to_a_refresh_keeps_the_session(context, site):
    tab = await Tab.open(context, site)
    uid = await tab.call("signInAnonymously")

    async def deliver_and_lose_the_reply(route):
        await route.fetch()
        await route.abort()

    await tab.page.route("**/securetoken.googleapis.com/**", deliver_and_lose_the_reply, times=1)
    lost = await tab.call("refresh", 1)
    assert [lost, await tab.call("refresh", 2)] == ["auth/network-request-failed", uid]


async def test_sdk_speaks_to_our_server_only(context, site):
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    tab = await Tab.open(context, site)
    await tab.call("signInAnonymously")
    await tab.call("refresh", 1)
    origins = {"/".join(url.split("/")[:3]) for url in asked if url.startswith("http")}
    assert origins == {site.url, site.server.origin}
