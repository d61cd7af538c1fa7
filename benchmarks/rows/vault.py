"""The vault's values, got and set: beside SQLCipher, Fernet files, pykeepass, SecretStorage and keyring.

Rounds alternate, and single sets alternate set by set, because the time that a sync takes changes all the time. Peers
that slow down with every value hold fewer of them, as the notes say.
"""

import asyncio
import random
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import secretservice, vaultpeers
from benchmarks.result import Figure, Unavailable, Verdict, judged, paired
from benchmarks.stage import Stage
from benchmarks.vaults import COUNT, TOGETHER, Peer, Spent, batches, opened, read, values, write
from ecrin.vault import Vault
from ecrin.vault.device.linux.secretservice import SecretService

GETS = 50_000  # a second
SETS = 5_000  # a second, in transactions
SHARE = 0.5  # of SQLCipher's, for a single set: it takes twice the time at most
Sides = Sequence[tuple[Spent, Spent]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a peer is measured: `holds` values, `gets` in a round, and how many transactions and single sets."""

    name: str
    make: Callable[[Path], Peer]
    holds: int
    gets: int
    transactions: int
    singles: int

    @property
    def elsewhere(self) -> bool:
        """Whether another process does its work: then only the clock compares."""
        return self.transactions == 0


FIRST = Plan("SQLCipher", vaultpeers.SqlCipher, COUNT, 10_000, 60, 1000)
PLANS = (
    FIRST,
    Plan("Fernet files", vaultpeers.FernetFiles, 1_000, 1_000, 10, 300),
    Plan("pykeepass", vaultpeers.KeePass, 200, 20, 2, 10),
    Plan("SecretStorage", vaultpeers.SecretStorage, 200, 100, 0, 100),
    Plan("keyring", vaultpeers.Keyring, 200, 20, 0, 100),
)


def measure(stage: Stage) -> list[Figure]:
    """Return gets, sets in transactions and single sets, beside each peer, and what an anchor costs."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        try:
            ends.enter_context(secretservice.running())
            plans, missing = list(PLANS), list[Figure]()
        except Unavailable as reason:
            plans, missing = [p for p in PLANS if not p.elsewhere], [_skipped("the Secret Service", reason)]
        return asyncio.run(_measured(Path(folder), plans, quick=stage.quick)) + missing


async def _measured(folder: Path, plans: Iterable[Plan], *, quick: bool) -> list[Figure]:
    kept, found = values(COUNT), list[Figure]()
    async with opened(folder / "ours", kept) as vault:
        for plan in plans:
            try:
                peer = plan.make(folder / plan.name)
            except Unavailable as reason:
                found.append(_skipped(plan.name, reason))
                continue
            mine = dict(list(kept.items())[: plan.holds])
            for batch in batches(mine):
                peer.put(batch)
            found += await _beside(vault, peer, plan, kept, share=10 if quick else 1)
            if plan is PLANS[-1]:
                found.append(await _anchored(vault, folder / "anchored", mine, 50 if quick else 1000))
    return found


async def _beside(vault: Vault, peer: Peer, plan: Plan, kept: dict[str, str], *, share: int) -> list[Figure]:
    """Return the figures beside one peer, which holds the first of the values; gets of ours go over all of them."""
    every, known = list(kept), list(kept)[: plan.holds]
    rounds = [(random.sample(every, COUNT), random.sample(known, plan.gets)) for _ in range(20 // share)]
    found = [_gets(plan, [(await read(vault, ours), await read(peer, others)) for ours, others in rounds])]
    if plan.transactions:
        chosen = random.choices(batches({name: kept[name] for name in known}), k=-(-plan.transactions // share))
        sides = [(await write(vault, batch), await write(peer, batch)) for batch in chosen]
        found.append(_sets(plan, f"durable sets of 1 KB in transactions of {TOGETHER}", sides))
    singles = await _singles(vault, peer, {name: kept[name] for name in known}, plan.singles // share)
    return [*found, _sets(plan, "single sets of 1 KB", singles)]


async def _singles(vault: Vault, peer: Vault | Peer, kept: dict[str, str], count: int) -> Sides:
    pairs = [{name: kept[name]} for name in random.choices(list(kept), k=count)]
    return [(await write(vault, pair), await write(peer, pair)) for pair in pairs]


async def _anchored(vault: Vault, folder: Path, kept: dict[str, str], count: int) -> Figure:
    """Return what an anchor in a real key store takes from single sets: it is told a second after a change."""
    async with opened(folder, kept, SecretService()) as anchored:
        sides = await _singles(anchored, vault, kept, count)
    ours, peer, ratio = paired([o.rate for o, _ in sides], [p.rate for _, p in sides])
    what = "single sets, the vault anchored in the Secret Service"
    return Figure("vault", what, "/s by the clock", ours, peer, "not anchored", ratio)


def _gets(plan: Plan, sides: Sides) -> Figure:
    by_clock = paired([o.rate for o, _ in sides], [p.rate for _, p in sides])
    by_processor = paired([o.per_processor for o, _ in sides], [p.per_processor for _, p in sides])
    ours, peer, ratio = by_clock if plan.elsewhere else by_processor
    return Figure(
        "vault",
        "get of 1 KB, one after the other",
        "/s by the clock" if plan.elsewhere else "/CPU-s",
        ours,
        peer,
        plan.name,
        ratio,
        f"{GETS:,} /s" if plan is FIRST else "",
        judged(holds=ours >= GETS) if plan is FIRST else Verdict.NONE,
        f"by the clock {by_clock[0]:,.0f}/s and {by_clock[1]:,.0f}/s; {plan.name} holds {plan.holds:,} values",
    )


def _sets(plan: Plan, what: str, sides: Sides) -> Figure:
    ours, peer, ratio = paired([o.rate for o, _ in sides], [p.rate for _, p in sides])
    processor = statistics.median(o.per_processor for o, _ in sides)
    budget, verdict = "", Verdict.NONE
    if plan is FIRST and sides[0][0].calls == 1:
        budget, verdict = f"{SHARE:g} x", judged(holds=ratio >= SHARE)
    elif plan is FIRST:
        budget = f"{SETS:,} /s"
        verdict = Verdict.UNSURE if ours < SETS <= processor else judged(holds=ours >= SETS)
    return Figure(
        "vault",
        what,
        "/s by the clock",
        ours,
        peer,
        plan.name,
        ratio,
        budget,
        verdict,
        f"{len(sides)} in turn; {processor:,.0f} /CPU-s; {plan.name} holds {plan.holds:,} values",
    )


def _skipped(what: str, reason: Unavailable) -> Figure:
    return Figure("vault", what, "", verdict=Verdict.SKIPPED, note=str(reason))
