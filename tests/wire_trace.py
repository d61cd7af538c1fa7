"""strace as the witness of a whole server: what had reached the disk when a reply left by its socket.

A reply is a write to a socket that begins with HTTP/1.1 200; uvloop sends by write(2), others by sendto and sendmsg.
"""

import re
from dataclasses import dataclass
from pathlib import Path

SYNCS = {"fdatasync", "fsync"}
SENDS = {"write", "sendto", "sendmsg", "writev"}
PAGES = {"pwrite64", "pwritev", "ftruncate"}
TRACED = ",".join(sorted(SYNCS | SENDS | PAGES))
_CALL = re.compile(r"(?P<pid>\d+)\s+(?P<name>\w+)\((?P<fd>\d+)<(?P<file>[^>]*)>(?P<rest>.*)")
_RESUMED = re.compile(r"(?P<pid>\d+)\s+<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)")
_UID = re.compile(r'\\"(?:localId|user_id)\\":\\"([\w-]+)\\"')


@dataclass(frozen=True)
class Call:
    """One system call: on which file, with what text, from which line of the trace to which, and whether it worked."""

    name: str
    file: str
    text: str
    began: int
    ended: int
    worked: bool

    @property
    def reply(self) -> bool:
        return self.name in SENDS and self.file.startswith("socket:") and '"HTTP/1.1 200' in self.text


def strace(log: Path, *inject: str) -> tuple[str, ...]:
    """Return the command that runs a server under strace, which stays aside: the server is our own child."""
    saboteur = [part for fault in inject for part in ("-e", f"inject={fault}")]
    return ("strace", "-D", "-f", "-y", "-s", "9000", "-e", f"trace={TRACED}", *saboteur, "-o", str(log))


def calls(log: Path) -> list[Call]:
    """Read a trace; a call of one thread may be cut in two by another's."""
    found: list[Call] = []
    under_way: dict[str, tuple[re.Match[str], int]] = {}
    for place, line in enumerate(log.read_text(errors="replace").splitlines()):
        if match := _CALL.match(line):
            if line.endswith("<unfinished ...>"):
                under_way[match["pid"]] = (match, place)
            else:
                found.append(_call(match, place, place, match["rest"]))
        elif (match := _RESUMED.match(line)) and match["pid"] in under_way:
            first, began = under_way.pop(match["pid"])
            found.append(_call(first, began, place, first["rest"] + match["rest"]))
    return sorted(found, key=lambda call: call.began)


def without_syncs(trace: list[Call]) -> list[Call]:
    """Return the trace of a server that does not sync, for the proof that the witness would see it."""
    return [call for call in trace if call.name not in SYNCS]


def replies(trace: list[Call]) -> list[Call]:
    return [call for call in trace if call.reply]


def unsynced(trace: list[Call], database: Path) -> list[Call]:
    """Return the replies that left while a write to the log was not synced, or with no sync since the reply before.

    For requests that each write and that come one after the other: nothing else may be under way.
    """
    dirty: set[str] = set()
    synced = False
    found = []
    for call in trace:
        ours = call.file.startswith(str(database)) and not call.file.endswith("-shm")
        if ours and call.name in PAGES:
            dirty.add(call.file)
        elif ours and call.name in SYNCS and call.worked:
            dirty.discard(call.file)
            synced = True
        elif call.reply:
            if dirty or not synced:
                found.append(call)
            synced = False
    return found


def kept(trace: list[Call], database: Path) -> dict[str, bool]:
    """Return for each account in a reply whether a log write that holds its id was synced before the reply left.

    For sign-ups at the same time; the id of a new account stands in its row and in its reply.
    """
    writes = [c for c in trace if c.name in PAGES and c.file.startswith(str(database)) and c.file.endswith("-wal")]
    left: dict[str, Call] = {}  # the head of the reply that is leaving by a socket; its body may follow by itself
    found = {}
    for call in trace:
        if call.reply:
            left[call.file] = call
        uid = _UID.search(call.text) if call.name in SENDS and call.file in left else None
        if uid is not None:
            first = next((write for write in writes if uid[1] in write.text), None)
            found[uid[1]] = first is not None and any(_synced(first, sync, left[call.file]) for sync in trace)
    return found


def _synced(write: Call, sync: Call, reply: Call) -> bool:
    between = write.ended < sync.began and sync.ended < reply.began
    return between and sync.name in SYNCS and sync.worked and sync.file == write.file


def _call(match: re.Match[str], began: int, ended: int, text: str) -> Call:
    worked = not re.search(r"= -1 \w+ \([^)]*\)(?: \(INJECTED\))?$", text)
    return Call(match["name"], match["file"], text, began, ended, worked)
