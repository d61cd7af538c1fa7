"""PAM: the passcode of the user's account, by python-pam (Linux-PAM Application Developers' Guide).

It says yes or no, and no key comes out: a gate. Which rules judge is the machine's choice, in /etc/pam.d: a wrong
passcode may cost seconds there, may be counted (pam_faillock), and a finger may answer in its place, or be waited for
first (pam_fprintd). An app that wants none of this installs rules of its own: `auth required pam_unix.so` and
`account required pam_unix.so`. A process that is not root's can ask about its own user only.
"""

import asyncio
import os
import pwd
from functools import partial

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.errors import DevicePasscodeNotSet, NotInteractive, NotRecognized, Unsupported
from ecrin.vault.device.model import PromptTexts
from ecrin.vault.memory import forget
from ecrin.vault.threads import in_thread

_JUDGED = frozenset({7, 8, 11})  # AUTH_ERR, CRED_INSUFFICIENT, MAXTRIES (security/_pam_types.h)
_NOT_NOW = frozenset({6, 12, 13, 27})  # PERM_DENIED, NEW_AUTHTOK_REQD, ACCT_EXPIRED, AUTHTOK_EXPIRED
_NO_PASSCODE = frozenset({"NP", "L", "LK", "NL"})  # passwd(1), -S: none, or locked
_PASSWD_S = 5.0


class PamPasscode:
    """The passcode of `user` (the process's own by default), judged by the rules of the PAM service `service`.

    `login` is there on nearly every system. Never name one with pam_rootok, such as `su`: it lets root in unasked.
    """

    asks_itself = False

    def __init__(self, service: str = "login", user: str | None = None) -> None:
        self._service = service
        self._user = user

    async def is_set(self) -> bool:
        """Return whether the account has a passcode; True where the system does not tell: then `verify` does."""
        return await _status(self._name()) not in _NO_PASSCODE

    async def verify(self, passcode: Buffer, texts: PromptTexts) -> None:
        """Let PAM judge a passcode; the copy that python-pam needs is wiped, and PAM wipes its own.

        Raises `NotRecognized` for another passcode, `DevicePasscodeNotSet` for an account without one,
        `NotInteractive` when the rules want something else first (an expired account), `Unsupported` when they cannot
        judge here.
        """
        if not await self.is_set():
            raise DevicePasscodeNotSet
        code, asked = await in_thread(partial(_judge, self._name(), self._service, passcode))
        if code == 0 and not asked:
            raise DevicePasscodeNotSet(
                "The system lets this user in without asking.", hint="Set a passcode, or name another PAM service."
            )
        _accept(code)

    def _name(self) -> str:
        return self._user or pwd.getpwuid(os.getuid()).pw_name


def _judge(user: str, service: str, passcode: Buffer) -> tuple[int, bool]:
    """Return PAM's code, and whether it asked for anything."""
    from pam import PamAuthenticator  # type: ignore[import-untyped]

    if 0 in passcode:
        return 7, True  # no passcode has a NUL in it
    copy = bytes(passcode)
    try:
        pam = PamAuthenticator()
        pam.authenticate(user, copy, service=service, resetcreds=False)
        return pam.code, bool(pam.messages)
    finally:
        forget(copy)


def _accept(code: int) -> None:
    if code == 0:
        return
    if code in _JUDGED:
        raise NotRecognized
    if code in _NOT_NOW:
        raise NotInteractive(
            "The system wants something else of this user first.", hint="Sign in to the system once: it says what."
        )
    raise Unsupported(
        "PAM cannot judge this user's passcode here.",
        hint=f"Code {code}: a process can ask about its own user only, and the PAM service must exist (/etc/pam.d).",
    )


async def _status(user: str) -> str:
    """Return what passwd(1) says of an account's passcode, "" where it is another system's secret."""
    try:
        passwd = await asyncio.create_subprocess_exec(
            "passwd", "-S", "--", user,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return ""
    said, _ = await passwd.communicate()
    words = said.decode(errors="replace").split()
    return words[1] if len(words) > 1 and words[0] == user else ""
