"""The mailbox of `ecrin dev`: the letters of the last hour, with link and code. It exists in development only."""

from ecrin.base.clock import rfc3339
from ecrin.base.messages import choose
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.pages.headers import guarded
from ecrin.web.pages.links import web_link
from ecrin.web.pages.ports import Letters, ShownLetter
from ecrin.web.pages.views import view
from ecrin.web.routing import OPEN, Route

PATH = "/dev"
JSON_PATH = "/dev/mail.json"
_TEXTS = ("id", "project_id", "template", "recipient", "subject", "link", "code", "text", "html")


class MailboxPage:
    """Shows letters to the developer; the stylesheet is that of `ActionPage`."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def routes(self) -> list[Route]:
        """Return the page and the same as JSON."""
        return [Route("GET", PATH, OPEN, self.show), Route("GET", JSON_PATH, OPEN, self.list)]

    async def show(self, call: Call) -> Reply:
        """Answer with the page; while it is empty it looks again every 3 s."""
        locale = choose(call.header(b"accept-language"))
        letters = [_shown(letter) for letter in await self._letters.letters(call.now)]
        return view("mailbox.html", locale, letters=letters, path=PATH)

    async def list(self, call: Call) -> Reply:
        """Answer with `{"letters": [...]}`, the newest first."""
        return guarded(json_reply({"letters": [_shown(letter) for letter in await self._letters.letters(call.now)]}))


def _shown(letter: ShownLetter) -> dict[str, str]:
    shown: dict[str, str] = {name: getattr(letter, name) for name in _TEXTS}
    return shown | {"at": rfc3339(letter.at), "link": web_link(letter.link)}
