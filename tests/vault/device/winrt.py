"""WinRT as its documentation describes it, as far as our adapters call it, by the names of the winrt packages."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECURITY = "winrt.windows.security.credentials"
WindowId = tuple[int]


def failed(hresult: int) -> OSError:
    """Return what the winrt packages raise for an HRESULT, which they hand over with its sign."""
    error = OSError(0, "Windows says so")
    error.winerror = hresult - 2**32  # type: ignore[attr-defined]
    return error


class Key:
    """A KeyCredential."""

    def __init__(self, hello: "Hello") -> None:
        self._hello = hello
        self.pair: RSAPrivateKey = generate_private_key(65537, 2048)

    async def request_sign_for_window_async(self, window: WindowId, data: bytes) -> Any:
        self._hello.over(window)
        return await self.request_sign_async(data)

    async def request_sign_async(self, data: bytes) -> Any:
        self._hello.asked.append("sign")
        return SimpleNamespace(status=0, result=self.signed(data))

    def signed(self, data: bytes) -> bytes:
        return self.pair.sign(data, PKCS1v15(), SHA256())

    def retrieve_public_key(self) -> bytes:
        return self.pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    async def get_attestation_async(self) -> Any:
        return SimpleNamespace(status=self._hello.attestation)


class Hello:
    """Windows Hello of one user; `asked` is what it showed prompts for, `windows` over what."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self.asked: list[str] = []
        self.windows: list[int] = []
        self.knows_windows = True
        self.attestation = 0  # KeyCredentialAttestationStatus
        self.availability = 0  # UserConsentVerifierAvailability
        self.result = 0  # UserConsentVerificationResult
        self.failure: OSError | None = None

    def over(self, window: WindowId) -> None:
        if not self.knows_windows:
            raise AttributeError("method is not available in this version of Windows")
        self.windows.append(window[0])

    async def is_supported_async(self) -> bool:
        self._fail()
        return True

    async def request_create_for_window_async(self, window: WindowId, name: str, option: int) -> Any:
        self.over(window)
        return await self.request_create_async(name, option)

    async def request_create_async(self, name: str, option: int) -> Any:
        if name in self.keys and option != 0:
            return SimpleNamespace(status=5, credential=None)
        self.asked.append("create")
        self.keys[name] = Key(self)
        return await self.open_async(name)

    async def open_async(self, name: str) -> Any:
        return SimpleNamespace(status=0 if name in self.keys else 2, credential=self.keys.get(name))

    async def delete_async(self, name: str) -> None:
        del self.keys[name]

    async def check_availability_async(self) -> int:
        self._fail()
        return self.availability

    async def request_verification_async(self, message: str) -> int:
        self.asked.append(message)
        return self.result

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


@contextmanager
def hello() -> Iterator[Hello]:
    """Give this process the winrt packages, with a Windows Hello."""
    there = Hello()
    credentials, verifier = ModuleType(SECURITY), ModuleType(f"{SECURITY}.ui")
    vars(credentials).update(
        KeyCredentialManager=there,
        KeyCredentialCreationOption=SimpleNamespace(REPLACE_EXISTING=0, FAIL_IF_EXISTS=1),
    )
    vars(verifier).update(UserConsentVerifier=there)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("winrt", "winrt.windows", "winrt.windows.security"):
            patch.setitem(sys.modules, name, ModuleType(name))
        for module in (credentials, verifier):
            patch.setitem(sys.modules, module.__name__, module)
        yield there
