"""macOS as its documentation describes it, as far as our adapters call it, by the names that pyobjc gives.

A call with other arguments than the documented ones is answered as the system answers it, or raises.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ENCLAVE, LOGIN = "data protection", "login"
_CONSTANTS = """
kSecAttrAccessControl kSecAttrAccessible kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly
kSecAttrAccessibleWhenUnlockedThisDeviceOnly kSecAttrAccount kSecAttrIsPermanent kSecAttrKeySizeInBits kSecAttrKeyType
kSecAttrKeyTypeECSECPrimeRandom kSecAttrService kSecAttrSynchronizable kSecAttrTokenID kSecAttrTokenIDSecureEnclave
kSecClass kSecClassGenericPassword kSecMatchLimit kSecMatchLimitOne kSecPrivateKeyAttrs kSecReturnData
kSecUseAuthenticationContext kSecUseDataProtectionKeychain kSecValueData
"""
Item = tuple[str, str, str]  # keychain, service, account


class Failure:
    """An NSError."""

    def __init__(self, code: int) -> None:
        self._code = code

    def code(self) -> int:
        return self._code


class Data(bytearray):
    """NSMutableData."""

    @classmethod
    def dataWithBytes_length_(cls, source: bytes, length: int) -> "Data":  # noqa: N802
        return cls(source[:length])

    def resetBytesInRange_(self, span: tuple[int, int]) -> None:  # noqa: N802
        at, length = span
        self[at : at + length] = bytes(length)

    def length(self) -> int:
        return len(self)

    def bytes(self) -> memoryview:
        return memoryview(self)


class NSObject:
    """What pyobjc lets Python derive classes from."""

    @classmethod
    def alloc(cls) -> "NSObject":
        return cls()

    def init(self) -> "NSObject":
        return self


class Center:
    """A notification center. A distributed one holds back what it tells an app that is not in front."""

    def __init__(self) -> None:
        self.suspended = False
        self._observers: dict[Any, tuple[str, Callable[[Any], None], bool]] = {}

    def addObserverForName_object_queue_usingBlock_(  # noqa: N802
        self, name: str, sender: None, queue: None, block: Callable[[Any], None]
    ) -> object:
        token = object()
        self._observers[token] = (name, block, False)
        return token

    def addObserver_selector_name_object_suspensionBehavior_(  # noqa: N802
        self, observer: NSObject, selector: str, name: str, sender: None, behavior: int
    ) -> None:
        method = getattr(observer, selector.replace(":", "_"))
        self._observers[observer] = (name, method, behavior == 4)  # DeliverImmediately

    def removeObserver_(self, observer: object) -> None:  # noqa: N802
        del self._observers[observer]

    def post(self, name: str) -> None:
        for wanted, call, at_once in list(self._observers.values()):
            if wanted == name and (at_once or not self.suspended):
                call(SimpleNamespace(name=lambda: name))

    def __len__(self) -> int:
        return len(self._observers)


class Window:
    """An NSWindow, whose type of sharing is NSWindowSharingReadOnly at first."""

    def __init__(self) -> None:
        self.sharing = 1

    def setSharingType_(self, sharing: int) -> None:  # noqa: N802
        self.sharing = sharing

    def sharingType(self) -> int:  # noqa: N802
        return self.sharing


class Context:
    """An LAContext of a Mac."""

    def __init__(self, mac: "Mac") -> None:
        self._mac = mac

    def setLocalizedCancelTitle_(self, text: str) -> None:  # noqa: N802
        self._mac.words["cancel"] = text

    def setLocalizedFallbackTitle_(self, text: str) -> None:  # noqa: N802
        self._mac.words["fallback"] = text

    def setLocalizedReason_(self, text: str) -> None:  # noqa: N802
        self._mac.words["reason"] = text

    def canEvaluatePolicy_error_(self, policy: int, out: None) -> tuple[bool, Failure | None]:  # noqa: N802
        code = self._mac.refusals[policy]
        return (True, None) if code == 0 else (False, Failure(code))

    def evaluatePolicy_localizedReason_reply_(  # noqa: N802
        self, policy: int, reason: str, reply: Callable[[bool, Failure | None], None]
    ) -> None:
        if not reason:
            raise ValueError("Apple wants a reason")
        self._mac.asked.append((policy, reason))
        code = self._mac.refusals[policy]
        threading.Thread(target=reply, args=(code == 0, Failure(code) if code else None)).start()

    def biometryType(self) -> int:  # noqa: N802
        return self._mac.biometry

    def respondsToSelector_(self, selector: str) -> bool:  # noqa: N802
        return selector == "evaluatedPolicyDomainState"

    def evaluatedPolicyDomainState(self) -> bytes:  # noqa: N802
        return b"the set"

    def invalidate(self) -> None:
        raise AssertionError("nobody cancelled")


class Mac:
    """A Mac; a test sets what it is like."""

    def __init__(self) -> None:
        self.items: dict[Item, dict[str, Any]] = {}
        self.signed = True
        self.has_enclave = True
        self.adds: list[Callable[[], None]] = []  # what others do between our update and our addition
        self.refusals = {1: 0, 2: 0}  # the LAError of each LAPolicy (LAPublicDefines.h)
        self.biometry = 1
        self.asked: list[tuple[int, str]] = []
        self.words: dict[str, str] = {}
        self.workspace, self.distributed = Center(), Center()
        self.windows: list[Window] = [Window(), Window()]
        self.mode: str | None = "the mode of an app that runs the loop itself"
        self.turns: list[bool] = []  # of the main run loop, each in a pool or not
        self.pools = 0
        self.unpooled: list[str] = []
        self._open = threading.local()

    def modules(self) -> dict[str, ModuleType]:
        """Return what pyobjc has of it."""
        made = {
            "objc": {"autorelease_pool": self._pool},
            "Security": self._security(),
            "LocalAuthentication": {"LAContext": SimpleNamespace(alloc=lambda: SimpleNamespace(init=self._context))},
            "Foundation": self._foundation(),
            "AppKit": self._appkit(),
        }
        modules = {name: ModuleType(name) for name in made}
        for name, module in modules.items():
            vars(module).update(made[name])
        return modules

    @contextmanager
    def _pool(self) -> Iterator[None]:
        self.pools += 1
        self._open.pool = True
        yield
        self._open.pool = False

    def _pooled(self, what: str) -> None:
        if threading.current_thread() is not threading.main_thread() and not getattr(self._open, "pool", False):
            self.unpooled.append(what)

    def _context(self) -> Context:
        self._pooled("LAContext")
        return Context(self)

    def _item(self, query: dict[str, Any]) -> Item:
        self._pooled("SecItem")
        assert query["kSecClass"] == "kSecClassGenericPassword"
        keychain = ENCLAVE if query["kSecUseDataProtectionKeychain"] else LOGIN
        return keychain, query["kSecAttrService"], query["kSecAttrAccount"]

    def _missing(self, item: Item) -> int:
        return -34018 if item[0] == ENCLAVE and not self.signed else -25300 if item not in self.items else 0

    def _security(self) -> dict[str, Any]:
        def find(query: dict[str, Any], out: None) -> tuple[int, Data | None]:
            status = self._missing(self._item(query))
            assert (query["kSecReturnData"], query["kSecMatchLimit"]) == (True, "kSecMatchLimitOne")
            return status, None if status else self.items[self._item(query)]["kSecValueData"]

        def update(query: dict[str, Any], changes: dict[str, Any]) -> int:
            status = self._missing(self._item(query))
            if status == 0:
                self.items[self._item(query)]["kSecValueData"] = Data(changes["kSecValueData"])
            return status

        def add(attributes: dict[str, Any], out: None) -> tuple[int, None]:
            while self.adds:
                self.adds.pop()()
            item = self._item(attributes)
            status = self._missing(item)
            if status != -25300:  # errSecDuplicateItem (SecBase.h)
                return status or -25299, None
            self.items[item] = {**attributes, "kSecValueData": Data(attributes["kSecValueData"])}
            return 0, None

        def delete(query: dict[str, Any]) -> int:
            status = self._missing(self._item(query))
            self.items.pop(self._item(query), None)
            return status

        def control(allocator: None, protection: str, flags: int, out: None) -> tuple[Any, Failure | None]:
            return (protection, flags), None

        def key(attributes: dict[str, Any], out: None) -> tuple[Any, Failure | None]:
            if not self.signed:
                return None, Failure(-34018)  # errSecMissingEntitlement
            assert attributes["kSecAttrTokenID"] == "kSecAttrTokenIDSecureEnclave"
            return (object(), None) if self.has_enclave else (None, Failure(-4))  # errSecUnimplemented

        calls = {
            "SecItemCopyMatching": find,
            "SecItemUpdate": update,
            "SecItemAdd": add,
            "SecItemDelete": delete,
            "SecAccessControlCreateWithFlags": control,
            "SecKeyCreateRandomKey": key,
        }
        return {**calls, **{name: name for name in _CONSTANTS.split()}}

    def _foundation(self) -> dict[str, Any]:
        def turn(mode: str, until: str) -> None:
            assert (mode, until) == ("kCFRunLoopDefaultMode", "now")
            self.turns.append(getattr(self._open, "pool", False))

        main = threading.main_thread()
        loop = SimpleNamespace(currentMode=lambda: self.mode, runMode_beforeDate_=turn)
        return {
            "NSMutableData": Data,
            "NSObject": NSObject,
            "NSThread": SimpleNamespace(isMainThread=lambda: threading.current_thread() is main),
            "NSDistributedNotificationCenter": SimpleNamespace(defaultCenter=lambda: self.distributed),
            "NSRunLoop": SimpleNamespace(mainRunLoop=lambda: loop),
            "NSDate": SimpleNamespace(date=lambda: "now"),
            "NSDefaultRunLoopMode": "kCFRunLoopDefaultMode",
        }

    def _appkit(self) -> dict[str, Any]:
        shared = SimpleNamespace(notificationCenter=lambda: self.workspace)
        app = SimpleNamespace(windows=lambda: self.windows)
        return {
            "NSWorkspace": SimpleNamespace(sharedWorkspace=lambda: shared),
            "NSApplication": SimpleNamespace(sharedApplication=lambda: app),
        }


@contextmanager
def macos() -> Iterator[Mac]:
    """Give this process the frameworks of a Mac."""
    mac = Mac()
    with pytest.MonkeyPatch.context() as patch:
        for name, module in mac.modules().items():
            patch.setitem(sys.modules, name, module)
        yield mac
