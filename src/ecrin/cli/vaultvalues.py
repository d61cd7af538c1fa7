"""`ecrin vault set` and `get`: a value on its way in and out."""

import base64
import sys
from typing import TYPE_CHECKING, Any

import click

from ecrin.cli.output import on_terminal, show_done, show_json, show_text
from ecrin.cli.unseen import piped, typed
from ecrin.cli.vaulting import Errand, load, opened, opening, run, unlock
from ecrin.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from ecrin.vault.model import Value
    from ecrin.vault.service import Vault


@click.command(name="set", context_settings={"allow_extra_args": True})
@click.argument("name")
@click.option("--json-value", is_flag=True, help="It is JSON, and is kept as what it says.")
@click.option("--bytes", "as_bytes", is_flag=True, help="Keep the bytes as they are.")
@click.option("--empty", is_flag=True, help="Keep an empty value; nothing is read.")
@opening
def set_(errand: Errand, name: str, json_value: bool, as_bytes: bool, empty: bool) -> None:
    """Keep a value under NAME.

    It is standard input, without a newline at its end; or what is typed, hidden.
    """
    if click.get_current_context().args:  # it is not repeated: it may be a secret
        raise click.UsageError("A value is no argument, where others see it: hand it over by standard input.")
    if json_value and as_bytes:
        raise click.UsageError("--json-value and --bytes exclude each other.")
    if json_value and empty:
        raise click.UsageError('--json-value and --empty exclude each other: an empty text is "" in JSON.')

    async def act(vault: "Vault") -> None:
        await load(vault, errand)
        data = b"" if empty else _handed_over(name, as_bytes=as_bytes)
        value = data if as_bytes else _json(data) if json_value else _text(data)
        await unlock(vault, errand)
        await vault.set_value(name, value)

    run(errand, act)
    show_done(f"The value of {name} is kept.", as_json=errand.as_json)


@click.command()
@click.argument("name")
@opening
def get(errand: Errand, name: str) -> None:
    """Print the value under NAME.

    A text and bytes are printed as they are, JSON as JSON; with --json, bytes in Base64.
    """

    async def act(vault: "Vault") -> "Value":
        value = await vault.get_value(name)
        if value is None and name not in await vault.get_keys():
            raise NotFound(f"There is no value under {name}.", hint="`ecrin vault list` shows all names.")
        return value

    value = opened(errand, act)
    if errand.as_json:
        show_json({"name": name, **_described(value)})
    elif isinstance(value, str | bytes):
        show_text(value, nl=isinstance(value, str) and on_terminal())
    else:
        show_json(value)


def _described(value: "Value") -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"kind": "bytes", "value": base64.b64encode(value).decode()}
    return {"kind": "text" if isinstance(value, str) else "json", "value": value}


def _handed_over(name: str, *, as_bytes: bool) -> bytes:
    """Return what is piped or typed; raises `InvalidEntry` for nothing, which a pipe that failed gives too."""
    from ecrin.vault.errors import InvalidEntry
    from ecrin.vault.format.entries import MAX_VALUE

    data = bytes(typed(f"Value of {name}")) if sys.stdin.isatty() else piped(MAX_VALUE + 1)
    if not (data if as_bytes else _line(data)):
        raise InvalidEntry("Standard input was empty; the old value stays.", hint="Say --empty to keep an empty value.")
    return data


def _line(data: bytes) -> bytes:
    return data.removesuffix(b"\n").removesuffix(b"\r")


def _text(data: bytes) -> str:
    from ecrin.vault.errors import InvalidEntry

    try:
        return _line(data).decode()
    except UnicodeDecodeError:
        raise InvalidEntry("The value is no text in UTF-8.", hint="Say --bytes to keep it as it is.") from None


def _json(data: bytes) -> Any:
    from ecrin.base.encoding import strict_json
    from ecrin.vault.errors import InvalidEntry

    try:
        return strict_json(data)
    except InvalidRequest as error:
        raise InvalidEntry(str(error), hint="Without --json-value it is kept as a text.") from None
