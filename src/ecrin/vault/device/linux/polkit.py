"""polkit: the desktop's own prompt for the user's passcode (org.freedesktop.PolicyKit1.Authority, CheckAuthorization).

It says yes or no, and no key comes out: a gate. polkit asks for an *action*, which the app names and whose rules it
installs as /usr/share/polkit-1/actions/ACTION.policy (polkit(8), "Declaring Actions"); `policy` writes that file. With
`auth_self` the user is asked each time; with `auth_self_keep` polkit stays quiet for minutes, with `yes` always, and a
yes without a question is not taken here. The prompt shows the message of that file, not `texts`. Root is never asked,
so this is of no use to it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.errors import NotInteractive, NotRecognized, Unsupported, UserCanceled
from ecrin.vault.device.linux.bus import PATIENCE_S, Method, ServiceFailed, ask, connected
from ecrin.vault.device.model import PromptTexts

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

NAME = "org.freedesktop.PolicyKit1"
_PATH, _AUTHORITY = "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority"
_CHECK = Method(NAME, _PATH, _AUTHORITY, "CheckAuthorization", "(sa{sv})sa{ss}us")
_QUIETLY, _WITH_PROMPT = 0, 1  # AllowUserInteraction
_POLICY = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/PolicyKit/1.0/policyconfig.dtd">
<policyconfig>
  <action id={action}>
    <description>{message}</description>
    <message>{message}</message>
    <defaults>
      <allow_any>auth_self</allow_any>
      <allow_inactive>auth_self</allow_inactive>
      <allow_active>auth_self</allow_active>
    </defaults>
  </action>
</policyconfig>
"""


@dataclass(frozen=True, slots=True)
class _Answer:
    """`asks`: polkit wants the user to be asked first."""

    yes: bool
    asks: bool
    dismissed: bool


class PolkitPasscode:
    """The prompt of the desktop for `action`, such as com.example.notes.unlock; `address` is a bus of another place."""

    asks_itself = True

    def __init__(self, action: str, address: str | None = None) -> None:
        self._action = action
        self._address = address

    async def is_set(self) -> bool:
        """Return whether polkit would ask this user; raises `Unsupported` without polkit or without the action."""
        answer = await self._checked(_QUIETLY)
        return answer.asks and not answer.yes

    async def verify(self, passcode: Buffer, texts: PromptTexts) -> None:
        """Let the desktop ask; `passcode` and `texts` are not used.

        Cancelling the task takes the prompt away: polkit does so when it sees that we have left the bus.

        Raises `UserCanceled`, `NotRecognized`, `NotInteractive` where nobody would be asked, `Unsupported`.
        """
        if (await self._checked(_QUIETLY)).yes:
            raise NotInteractive(
                "polkit says yes without asking anybody.", hint="The action must be `auth_self`; root is never asked."
            )
        answer = await self._checked(_WITH_PROMPT)
        if answer.dismissed:
            raise UserCanceled
        if answer.yes:
            return
        if answer.asks:
            raise NotInteractive("No desktop is there to ask.", hint="Run it in a desktop session with a polkit agent.")
        raise NotRecognized

    async def _checked(self, flags: int) -> _Answer:
        try:
            async with connected(self._address) as bus:
                return await _check(bus, self._action, flags)
        except ServiceFailed as failed:
            if failed.absent:
                raise Unsupported("polkit does not answer.", hint="Install polkit, or use PAM.") from None
            raise Unsupported(
                f"polkit does not know the action {self._action}.",
                hint="Install its file (`policy` writes it) in /usr/share/polkit-1/actions.",
            ) from None


def policy(action: str, message: str) -> str:
    """Return the file that an app installs for its action; `message` is what the prompt says."""
    return _POLICY.format(action=quoteattr(action), message=escape(message))


async def _check(bus: "MessageBus", action: str, flags: int) -> _Answer:
    from dbus_fast import Variant

    subject = (
        "system-bus-name",
        {"name": Variant("s", bus.unique_name or "")},
    )  # a name cannot be another's, a pid can
    patience_s = PATIENCE_S if flags == _QUIETLY else None
    reply = await ask(bus, _CHECK, subject, action, {}, flags, "", patience_s=patience_s)
    yes, asks, details = reply.body[0]
    return _Answer(yes, asks, bool(details.get("polkit.dismissed")))
