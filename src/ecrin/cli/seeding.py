"""`ecrin dev --import` and `--export-on-exit`: what is loaded before the first request and written after the last."""

from dataclasses import dataclass
from pathlib import Path

import click

from ecrin.assembly import App
from ecrin.governance.projects.model import Project
from ecrin.migrate import emulator, emulator_files


@dataclass(frozen=True, slots=True)
class Seed:
    """The folders of two emulator exports: the one to begin with, the one to leave behind.

    Raises `ConfigurationError` where the second cannot be written: better before a day's work than after it.
    """

    import_dir: Path | None
    export_dir: Path | None

    def __post_init__(self) -> None:
        if self.export_dir is not None:
            emulator_files.prepare(self.export_dir)

    async def load(self, app: App, project: Project) -> None:
        """Import the accounts and the configuration; a folder that is still to be written is passed over."""
        folder = self.import_dir
        if folder is None:
            return None
        if folder == self.export_dir and not any(folder.iterdir()):
            return click.echo(f"{folder} holds no export yet: nothing is imported.", err=True)
        found = await emulator.load(project, app.governance.projects, app.auth.bulk, folder)
        click.echo(f"Imported {found.accounts} accounts from {folder}.", err=True)
        for loss in found.losses():
            click.echo(f"  {loss}", err=True)
        return None

    async def save(self, app: App, project: Project) -> None:
        """Export the accounts and the configuration as they are now."""
        if self.export_dir is not None:
            now = app.governance.projects.get(project.id)
            count = await emulator.save(now, app.auth.accounts, self.export_dir)
            click.echo(f"Exported {count} accounts to {self.export_dir}.", err=True)
