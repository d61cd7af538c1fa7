"""Who changes the configuration of an open vault: in its file, or into memory and out of it, where its values move."""

import sqlite3
from contextlib import suppress
from dataclasses import replace

from ecrin.errors import EcrinError
from ecrin.vault.errors import InvalidConfig
from ecrin.vault.keeping.asking import Typed
from ecrin.vault.keeping.held import Held
from ecrin.vault.keeping.keeper import TAKEN, Keeper
from ecrin.vault.model import LockEvent, LockReason, VaultConfig, VaultType
from ecrin.vault.opened.draft import Rekeyed
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.threads import to_its_end


class Configuring:
    """Configures what `keeper` keeps; whoever calls has the turn."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def configure(self, config: VaultConfig, given: Typed | None) -> None:
        """Change the configuration of the open vault; into memory and out of it its values move."""
        held, old = self._keeper.there(), self._keeper.there().settings.config
        if old.type is VaultType.IN_MEMORY and config.type is VaultType.IN_MEMORY:
            held.settings = replace(held.settings, config=config)
            await self._keeper.took_in(held)
        elif VaultType.IN_MEMORY in (old.type, config.type):
            await self._move(held, config, given)
        else:
            try:
                await self._keeper.changing.configure(held, config, self._keeper.ask(config, given))
            finally:  # also where it was broken off after its commit
                with suppress(Rekeyed):
                    held.caught_up()
                await to_its_end(self._keeper.took_in(held))
        self._keeper.events.configured.tell(config)

    async def _move(self, held: Held, config: VaultConfig, given: Typed | None) -> None:
        """Make a new vault of another kind with the same values, and end the old one."""
        if config.type is VaultType.IN_MEMORY:
            return await to_its_end(self._move_in_memory(held, config))
        if self._keeper.path(config.key).exists():
            raise InvalidConfig(TAKEN)
        try:
            return await self._keeper.make(self._keeper.path(config.key), config, given, held)
        finally:
            held.paused = False
            if self._keeper.held is not held:
                await to_its_end(self._left(held))

    async def _left(self, held: Held) -> None:
        """End the vault whose values have moved; where that was broken off, the other one is there, and locked."""
        await self._keeper.maker.end(held)
        if self._keeper.held is None or self._keeper.held.opened is None:
            self._keeper.auto.stop()
            self._keeper.events.locked.tell(LockEvent(timeout=False, saved=True, reason=LockReason.CALL))

    async def _move_in_memory(self, held: Held, config: VaultConfig) -> None:
        gone, made = held.slots(), list[tuple[sqlite3.Connection, OpenKeys]]()
        await self._keeper.listen(config)  # before there is anything to lose by it
        try:
            await held.taken(lambda plains: made.append(self._keeper.maker.make_in_memory(config, plains)))
        except BaseException:
            for connection, keys in made:
                keys.close()
                connection.close()
            raise
        await self._keeper.take_in_memory(*made[0])
        try:
            await self._keeper.maker.end(held, gone)
        except EcrinError as error:  # its rows are gone: what is left of it holds nothing
            self._keeper.events.failed.tell(error)
