"""One device: what it asks, what it makes of the answers, what it reports. Pure: no clock, no network.

It does as the plugin 8.51: a version that failed is not tried again; a bundle that does not say it is ready is taken
back; events wait in a queue of 200 and stay there until the server has answered (protocol sheet §2.4, §3, §6).
"""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecrin.testing.fleet.plan import Facts

QUEUE = 200
BUILTIN = "builtin"
AGAIN = frozenset({408, 429})
LONGEST_SILENCE = 24 * 3600.0  # seconds

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """A version to install; the addresses of what must be read for it."""

    version: str
    urls: tuple[str, ...]


@dataclass(slots=True)
class Device:
    """The state of a device. `history` is every version that it ran, in order; all times are seconds since 1970."""

    facts: Facts
    chance: random.Random
    version: str = BUILTIN
    history: list[str] = field(default_factory=lambda: [BUILTIN])
    failed: set[str] = field(default_factory=set)
    queue: deque[JSON] = field(default_factory=deque)
    silent_until: float = 0.0
    kind: str = ""

    def pause(self) -> float:
        """Return the seconds until it checks again: its interval is over, or its user opens the app before."""
        if not self.facts.foreground:
            return self.facts.every
        return min(self.facts.every, self.chance.expovariate(1 / self.facts.foreground))

    def info(self, version: str) -> JSON:
        """Return what each request says of the device."""
        facts = self.facts
        return {
            "platform": facts.platform,
            "device_id": facts.device_id,
            "app_id": facts.app_id,
            "custom_id": "",
            "version_build": facts.native,
            "version_code": "1",
            "version_os": "15",
            "version_name": version,
            "plugin_version": facts.plugin,
            "is_emulator": False,
            "is_prod": True,
            "defaultChannel": facts.channel,
        }

    def question(self) -> JSON:
        """Return what it asks at a check."""
        return self.info(self.version)

    def heard(self, status: int, retry_after: float, now: float) -> None:
        """Take the status of any answer: a 429 that names a time silences the device until then."""
        if status == 429 and retry_after > 0:
            self.silent_until = now + min(retry_after, LONGEST_SILENCE)

    def answered(self, body: Mapping[str, Any], now: float) -> Offer | None:
        """Take the answer; return what is to be downloaded. `error` or `kind` mean that there is nothing to install."""
        self.kind = str(body.get("kind", ""))
        if "error" in body or "kind" in body or "message" in body:
            return None
        version = str(body["version"])
        if version == BUILTIN:
            self._run(BUILTIN, "reset", now)
            return None
        if version == self.version or version in self.failed:
            return None
        return Offer(version, tuple(entry["download_url"] for entry in body.get("manifest", ())) or (body["url"],))

    def downloaded(self, offer: Offer, *, complete: bool, works: bool, now: float) -> None:
        """Install what was downloaded, or go back to what ran before if it does not start; report either."""
        if not complete:
            self.say("download_fail", offer.version, now)
            return
        self.say("download_complete", offer.version, now)
        if works:
            self._run(offer.version, "set", now)
            return
        self.failed.add(offer.version)
        self.say("set", offer.version, now, self.version)
        self.say("update_fail", offer.version, now)

    def say(self, action: str, version: str, now: float, old: str = "") -> None:
        """Queue an event; the oldest goes when the queue is full."""
        event = self.info(version) | {"action": action, "old_version_name": old}
        self.queue.append(event | {"timestamp": round(now * 1000) + self.facts.skew})
        if len(self.queue) > QUEUE:
            self.queue.popleft()

    def batch(self) -> list[JSON]:
        """Return the events to be sent together."""
        return list(self.queue)

    def delivered(self, events: Sequence[JSON], status: int) -> bool:
        """Take the server's answer to a batch (0: none came); return whether it is done with.

        After 5xx, 408 and 429 the events stay, after another refusal they are dropped.
        """
        if status == 0 or status >= 500 or status in AGAIN:
            return False
        gone = {id(event) for event in events}
        self.queue = deque(event for event in self.queue if id(event) not in gone)
        return True

    def _run(self, version: str, action: str, now: float) -> None:
        if version != self.version:
            before, self.version = self.version, version
            self.history.append(version)
            self.say(action, version, now, before)
