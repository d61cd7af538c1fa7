"""The numbers of Windows, each beside the header that has it: nothing here would notice another one by itself."""

from ecrin.vault.device.model import Biometry, Signal
from ecrin.vault.device.windows import (
    answers,
    api,
    chip,
    clock,
    credentials,
    hello,
    hellokey,
    power,
    presence,
    screen,
)
from ecrin.vault.slots import fido_windows


def test_the_numbers_of_the_sdk() -> None:
    assert (credentials._GENERIC, credentials._LOCAL_MACHINE) == (1, 2)  # wincred.h: CRED_TYPE_, CRED_PERSIST_
    assert (credentials._NOT_FOUND, credentials._NO_LOGON) == (1168, 1312)  # winerror.h
    assert {0x4: Signal.SLEEP, 0x12: Signal.WAKE} == power.SIGNALS  # winuser.h: PBT_APMSUSPEND, PBT_APMRESUMEAUTOMATIC
    assert power._BY_CALLBACK == 2  # winuser.h: DEVICE_NOTIFY_CALLBACK
    assert presence._CURRENT_SESSION == 0xFFFFFFFF  # wtsapi32.h: WTS_CURRENT_SESSION
    assert presence._SESSION_INFO_EX == 25  # wtsapi32.h: WTS_INFO_CLASS, WTSSessionInfoEx
    assert presence._FLAGS == {0: True, 1: False}  # wtsapi32.h: WTS_SESSIONSTATE_LOCK, _UNLOCK
    assert (screen._SHOWN, screen._EXCLUDED) == (0x00, 0x11)  # winuser.h: WDA_NONE, WDA_EXCLUDEFROMCAPTURE
    assert chip._VERSION_2 == 2  # tbs.h: TPM_VERSION_20
    assert clock._BOOT_ID == 0x7FFE02C4  # ntddk.h: KUSER_SHARED_DATA.BootId
    assert api._NO_CLASS == (0x80040154, 0x80040111)  # winerror.h: REGDB_E_CLASSNOTREG, CLASS_E_CLASSNOTAVAILABLE


def test_the_kinds_of_sensors_are_those_of_winbio() -> None:
    assert hello._FACTORS == {  # winbio_types.h: WINBIO_TYPE_FACIAL_FEATURES, _FINGERPRINT, _IRIS
        0x02: Biometry.FACE,
        0x08: Biometry.FINGERPRINT,
        0x10: Biometry.IRIS,
    }


def test_the_enumerations_of_winrt() -> None:
    available = (answers.AVAILABLE, answers.NO_DEVICE, answers.NOT_CONFIGURED, answers.BY_POLICY, answers.BUSY)
    assert available == (0, 1, 2, 3, 4)  # UserConsentVerifierAvailability
    assert hellokey._ATTESTED == (0, 3)  # KeyCredentialAttestationStatus: Success, TemporaryFailure


def test_the_errors_of_webauthn() -> None:
    assert fido_windows._CANCELLED == (0x800704C7, 0x80090036)  # winerror.h, as the others
    assert (fido_windows._TIMEOUT, fido_windows._NOT_FOUND) == (0x800705B4, 0x80090011)
    assert (fido_windows._NO_DEVICE, fido_windows._NOT_SUPPORTED) == (0x80090035, (0x80070032, 0x80090029))
