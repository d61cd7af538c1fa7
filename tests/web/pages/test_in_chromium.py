"""The pages in a real browser: what it sends with a form under our headers, and whether it complains."""

import shutil
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a system Chromium")
LINK = "/auth/action?mode={}&oobCode=c0de&apiKey=k&lang=en"


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield await chromium.new_context(locale="fr-FR")
        await chromium.close()


async def open_page(context: BrowserContext, address: str) -> tuple[Page, list[str]]:
    page, complaints = await context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)
    return page, complaints


async def test_a_person_resets_a_password_with_the_keyboard(
    context: BrowserContext, served: str, codes: Any, info: Callable[..., Any]
) -> None:
    codes.known["c0de"] = info("PASSWORD_RESET", continue_url=f"{served}/dev")
    page, complaints = await open_page(context, served + LINK.format("resetPassword"))
    await page.locator("input:focus").wait_for()  # the field takes the focus by itself, a moment after the load
    await page.keyboard.type("correct horse")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Your password has been changed").wait_for()
    assert codes.used == [("c0de", "correct horse", "nobody")]
    await page.get_by_role("link", name="Continue to Carnet").click()
    assert page.url == f"{served}/dev"
    assert complaints == []


async def test_a_browser_names_our_origin_with_the_form_and_shows_no_address(
    context: BrowserContext, served: str, codes: Any, info: Callable[..., Any]
) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    page, _ = await open_page(context, served + LINK.format("verifyEmail"))
    async with page.expect_request(lambda request: request.method == "POST") as sent:
        await page.get_by_role("button").click()
    headers = await (await sent.value).all_headers()
    assert headers["origin"] == served
    assert "c0de" not in headers.get("referer", "")
    await page.get_by_role("heading", name="Your address is confirmed").wait_for()


async def test_the_stylesheet_is_applied_in_both_schemes(
    context: BrowserContext, served: str, codes: Any, info: Callable[..., Any]
) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    page, complaints = await open_page(context, served + LINK.format("verifyEmail"))
    colours = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        colours.append(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(246, 245, 241)", "rgb(18, 19, 23)"]
    assert complaints == []


@pytest.mark.parametrize("mode", ["resetPassword", "recoverEmail", "nothing"])
async def test_nothing_is_wider_than_a_narrow_phone(
    context: BrowserContext, served: str, codes: Any, info: Callable[..., Any], mode: str
) -> None:
    purpose = {"resetPassword": "PASSWORD_RESET", "recoverEmail": "RECOVER_EMAIL"}.get(mode, "")
    codes.known["c0de"] = info(purpose, email=f"{'verylongname' * 10}@example.org")
    page, _ = await open_page(context, served + LINK.format(mode))
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
