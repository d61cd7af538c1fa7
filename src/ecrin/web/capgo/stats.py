"""`/stats`: what devices report (protocol sheet §3). An event that is answered `ok` is on disk.

New clients send an array and drop all of it when the answer is 4xx, so an event that cannot be kept is refused by its
index, and the others are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from ecrin.auth.limits.rules import network
from ecrin.base.clock import Instant
from ecrin.errors import EcrinError
from ecrin.updates.bundles.model import BUILTIN
from ecrin.updates.resolution.catalog import Catalog
from ecrin.updates.resolution.model import AppView, Ask, Refusal
from ecrin.updates.resolution.rules import resolve
from ecrin.updates.stats import rules
from ecrin.updates.stats.model import Delivery, Said
from ecrin.updates.stats.service import StatsService
from ecrin.web.capgo.asking import UNKNOWN_APP, app_of, identity, question
from ecrin.web.capgo.decoding import decode
from ecrin.web.capgo.errors import InvalidJsonBody, InvalidJsonParseBody
from ecrin.web.capgo.messages import Info
from ecrin.web.capgo.problem import soft
from ecrin.web.capgo.watching import Watcher
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import OPEN, Route

MAX_BODY = 512 * 1024
MAX_EVENTS = 1000
UNKNOWN = "unknown"
_ENTRIES, _KEY, _VALUE = 30, 64, 2048  # of the metadata of an event
T = TypeVar("T")


class Stat(Info, frozen=True, kw_only=True):
    """One event."""

    action: str | None = None
    old_version_name: str | None = None
    timestamp: int | float | None = None
    metadata: dict[str, object] | None = None


class Refused(Exception):
    """An event cannot be kept: a code and a sentence."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass(slots=True)
class Sender:
    """A device with the events that it sent together."""

    ask: Ask
    info: Info
    running: str = ""
    events: list[Said] = field(default_factory=list)


class StatEndpoints:
    """Reports of devices."""

    def __init__(self, catalog: Catalog, stats: StatsService) -> None:
        self._catalog = catalog
        self._stats = stats
        self._watcher = Watcher(stats.devices)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", "/stats", OPEN, self.report, max_body=MAX_BODY),
            Route("GET", "/stats", OPEN, self.status),
        ]

    async def status(self, call: Call) -> Reply:
        """Say that reports are taken."""
        return json_reply({"status": "ok"})

    async def report(self, call: Call) -> Reply:
        """Keep one event or an array of them."""
        found = parsed(call.body)
        stats = found if isinstance(found, list) else [found]
        apps = {stat.app_id for stat in stats if isinstance(stat, Stat)}
        if len(apps) > 1:
            return json_reply({"error": "mixed_app_ids", "message": "All events of an array belong to one app"})
        known = [stat for stat in stats if isinstance(stat, Stat)]
        view = self._catalog.view(app_of(known[0])) if known else None
        if known and view is None:
            return soft(UNKNOWN_APP)
        outcomes = await self._keep(stats, view, call) if view else [_said_no(s) for s in stats]
        if isinstance(found, list):
            return json_reply({"status": "ok", "results": [_result(i, o) for i, o in enumerate(outcomes)]})
        return _single(outcomes[0])

    async def _keep(self, stats: "Sequence[Stat | EcrinError]", view: AppView, call: Call) -> "list[Refused | None]":
        """Keep what can be kept; return for each event what is wrong with it, or None once it is on disk."""
        senders: dict[tuple[object, ...], Sender] = {}
        outcomes = [_collect(stat, view, senders) for stat in stats]
        devices = [sender for sender in senders.values() if sender.events]
        deliveries = [_delivery(sender, view, call.now) for sender in devices]
        await self._stats.record(view.app, network(call.address), deliveries)
        for sender in devices:
            self._watcher.note(sender.info, sender.ask, sender.running, call.now)
        return outcomes


def parsed(raw: bytes) -> "Stat | list[Stat | EcrinError]":
    """Return the event, or the events, those that are not of the right form as what is wrong with them.

    Raises `InvalidJsonParseBody`, and `InvalidJsonBody` for one event of the wrong form, and for too many.
    """
    try:
        found: Stat | list[Stat] = _DECODER.decode(raw)
    except msgspec.ValidationError:
        if not raw.lstrip().startswith(b"["):
            return decode(raw, Stat)  # type: ignore[no-any-return]  # says what is wrong
        return [_each(part) for part in _bounded(decode(raw, list[msgspec.Raw]))]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidJsonParseBody from None
    return _bounded(found) if isinstance(found, list) else found


def _each(raw: msgspec.Raw) -> "Stat | EcrinError":
    try:
        return decode(bytes(raw), Stat)  # type: ignore[no-any-return]
    except EcrinError as error:
        return error


def _bounded(stats: Sequence[T]) -> list[T]:
    if len(stats) > MAX_EVENTS:
        raise InvalidJsonBody(f"An array has at most {MAX_EVENTS} events.")
    return list(stats)


def _collect(stat: "Stat | EcrinError", view: AppView, senders: dict[tuple[object, ...], Sender]) -> Refused | None:
    """Put an event with those of its device; return why it cannot be kept."""
    try:
        if isinstance(stat, EcrinError):
            raise stat
        sender = _sender(stat, senders)
        action = stat.action or ""
        if not rules.is_action(action):
            raise InvalidJsonBody("The action is missing or no name - at `$.action`")
        version = _version(stat, sender.ask, view)
    except EcrinError as error:
        return _refused(error)
    except Refused as refused:
        return refused
    if action in rules.RUNNING:
        sender.running = version
    if not rules.is_ignored(action, sender.ask.platform, sender.ask.plugin):
        sender.events.append(_said(stat, action, version))
    return None


def _sender(stat: Stat, senders: dict[tuple[object, ...], Sender]) -> Sender:
    """Return the device of an event; its own members are checked once for all that it sent together."""
    who = stat.device_id, stat.platform, stat.version_build, stat.plugin_version, stat.is_emulator, stat.is_prod
    key = *who, stat.custom_id, stat.default_channel, stat.key_id, bool(stat.version_name)
    sender = senders.get(key)
    if sender is None:
        ask = question(stat, *identity(stat))
        if isinstance(ask, Refusal):
            raise Refused(ask.error, ask.message)
        sender = senders[key] = Sender(ask, stat)
    return sender


def _version(stat: Stat, ask: Ask, view: AppView) -> str:
    """Return the bundle that an event is about; raises `Refused` for one that is not there."""
    name = (stat.version_name or "").partition(":")[0]
    if name in view.bundles or name in {BUILTIN, UNKNOWN}:
        return name
    if name in {ask.native, stat.version_build}:  # Electron says the version of the app
        return BUILTIN
    raise Refused("version_not_found", "Version not found")


def _said(stat: Stat, action: str, version: str) -> Said:
    sent_at = int(stat.timestamp) if stat.timestamp is not None and abs(stat.timestamp) < 2**53 else None
    metadata = {}
    if stat.metadata:
        entries = list(stat.metadata.items())[:_ENTRIES]
        metadata = {key[:_KEY]: str(value)[:_VALUE] for key, value in entries}
    return Said(action, version, (stat.old_version_name or "")[:_KEY], sent_at, metadata)


def _delivery(sender: Sender, view: AppView, now: Instant) -> Delivery:
    ask = sender.ask
    followed = resolve(ask, view, now)
    channel = followed[0].name if followed else ""
    counted = ask.is_prod and not ask.is_emulator
    return Delivery(ask.app_id, ask.device_id, ask.platform.value, channel, counted, now, tuple(sender.events))


def _refused(error: EcrinError) -> Refused:
    return Refused(error.code.lower(), str(error))


def _said_no(stat: "Stat | EcrinError") -> Refused | None:
    return _refused(stat) if isinstance(stat, EcrinError) else None


def _single(refused: Refused | None) -> Reply:
    if refused is None:
        return json_reply({"status": "ok"})
    status = 200 if refused.error in _SOFT else 400
    more: dict[str, object] = {} if status == 200 else {"moreInfo": {}}
    return json_reply({"error": refused.error, "message": str(refused), **more}, status)


def _result(index: int, refused: Refused | None) -> dict[str, object]:
    if refused is None:
        return {"status": "ok", "index": index}
    return {"status": "error", "error": refused.error, "message": str(refused), "index": index, "moreInfo": {}}


_SOFT = {"version_not_found", "unknown_version_build", "unsupported_plugin_version"}
_DECODER: "msgspec.json.Decoder[Stat | list[Stat]]" = msgspec.json.Decoder(Stat | list[Stat])
