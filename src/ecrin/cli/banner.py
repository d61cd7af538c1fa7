"""What `ecrin serve` and `ecrin dev` say once they answer: where, for whom, with which keys, and what to type next."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from ecrin import __version__
from ecrin.cli.output import on_terminal
from ecrin.cli.serving import Running
from ecrin.ops.instance import write_private
from ecrin.settings import DATA, Settings

OPERATOR_FILE = "operator-token"


def announce(settings: Settings, instance: Running, *, as_json: bool) -> None:
    """Print what there is to know on stdout: lines for people, or one line of JSON; cautions go to stderr."""
    for caution in settings.cautions:
        click.echo(f"ecrin: caution: {caution}", err=True)
    operator = _hand_over(settings, instance, as_json=as_json)
    if as_json:
        return click.echo(json.dumps({**_record(settings, instance), **operator}, ensure_ascii=False))
    click.echo(f"Écrin {__version__}, {settings.mode} mode")
    for name, value in (*_facts(settings, instance).items(), *operator.items()):
        click.echo(f"  {name:<12}  {value}")
    if settings.mode == "dev":
        click.echo("  Anybody on this machine is let in: for development only.")
    return _next(settings, instance)


def _record(settings: Settings, instance: Running) -> dict[str, str]:
    return {
        "mode": settings.mode,
        "url": instance.url,
        "data": str(settings.data),
        "project_id": instance.project.id,
        "api_key": instance.project.api_keys[0],
    }


def _facts(settings: Settings, instance: Running) -> dict[str, str]:
    facts = {"listening on": instance.url}
    if settings.public_url:
        facts["public URL"] = settings.public_url
    facts["data folder"] = str(settings.data)
    facts["project"] = instance.project.id
    facts["API key"] = instance.project.api_keys[0]
    if settings.mode == "dev":
        facts["mailbox"] = f"{instance.url}/dev"
    elif settings.smtp_url is None:
        facts["mail"] = "none is sent until ECRIN_SMTP_URL is set"
    return facts


def _hand_over(settings: Settings, instance: Running, *, as_json: bool) -> dict[str, str]:
    """Show a new operator's credential to a person, this once; otherwise leave it where only the owner can read it."""
    if instance.operator_token is None:
        return {}
    token = instance.operator_token.reveal()
    if on_terminal() and not as_json:
        return {"operator": f"{token}\n{'':<16}shown this once: keep it"}
    path = leave_operator_token(settings.data, token)
    return {"operator_token_file": str(path)} if as_json else {"operator": f"its token is in {path}"}


def leave_operator_token(folder: Path, token: str) -> Path:
    """Write the operator's credential into the data folder (0600) and return the file."""
    path = folder / OPERATOR_FILE
    write_private(path, f"{token}\n")
    return path


def _next(settings: Settings, instance: Running) -> None:
    """Print the next command: a first token, to be copied as it stands."""
    url = settings.public_url or instance.url
    trust = f" --cacert {shlex.quote(str(settings.tls_cert))}" if settings.tls_cert and not settings.public_url else ""
    key = instance.project.api_keys[0]
    click.echo("\nA first user and token:")
    click.echo(f"  curl -s{trust} '{url}/identitytoolkit.googleapis.com/v1/accounts:signUp?key={key}' \\")
    click.echo("    -H 'content-type: application/json' \\")
    click.echo('    -d \'{"email": "ada@example.org", "password": "correct horse"}\'')
    folder = "" if settings.data == DATA else f" --data {shlex.quote(str(settings.data))}"
    click.echo(f"\nThen: {_program()} user list{folder}\n")


def _program() -> str:
    """Return the command as it can be typed here: its path, unless the name alone finds it."""
    typed = Path(sys.argv[0])
    found = shutil.which(typed.name)
    return typed.name if found and os.path.realpath(found) == os.path.realpath(typed) else shlex.quote(str(typed))
