"""One bit flipped, a tail cut, junk: the vault is refused or whole, and no value is ever wrong or missing (F5, A46).

What is whole was hit where nothing is held: free space, a copy of the length in the head, an unused page. A sample;
`make faults` flips every byte.
"""

import shutil
from pathlib import Path

from vault.faults import flipping


async def prepared(folder: Path) -> tuple[bytes, Path]:
    data = await flipping.template(folder / "device")
    return data, Path(shutil.copytree(folder / "device" / "keys", folder / "keys"))


async def test_f5_a_bit_that_is_flipped_is_found_or_held_nothing(tmp_path: Path) -> None:
    data, keys = await prepared(tmp_path)
    figures = await flipping.sweep(tmp_path / "device", flipping.flips(data, step=61), keys)
    print(flipping.figure("bits flipped", figures))
    assert figures["VAULT_DAMAGED"] > 50


async def test_f5_a_tail_that_is_cut_is_found(tmp_path: Path) -> None:
    data, keys = await prepared(tmp_path)
    figures = await flipping.sweep(tmp_path / "device", flipping.cuts(data), keys)
    print(flipping.figure("tails cut", figures))
    assert figures["whole"] == 0


async def test_f5_a_file_that_is_junk_is_refused_as_such_and_nothing_hangs(tmp_path: Path) -> None:
    data, keys = await prepared(tmp_path)
    figures = await flipping.sweep(tmp_path / "device", flipping.junk(data, 150), keys)
    print(flipping.figure("junk", figures))
    assert figures["VAULT_DAMAGED"] > 50
