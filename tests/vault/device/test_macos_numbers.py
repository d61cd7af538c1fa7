"""The numbers and names of macOS, each beside the header that has it: nothing here would notice another by itself."""

from ecrin.vault.device.macos import authentication, clock, enclave, presence, screen, status, touchid
from ecrin.vault.device.model import Biometry, Signal


def test_the_numbers_of_the_sdk() -> None:
    assert (authentication.BIOMETRICS, authentication.OWNER) == (1, 2)  # LAPublicDefines.h: kLAPolicy...
    assert (screen._NONE, screen._READ_ONLY) == (0, 1)  # NSWindow.h: NSWindowSharingType
    assert presence._AT_ONCE == 4  # NSDistributedNotificationCenter.h: ...SuspensionBehaviorDeliverImmediately
    assert (presence._SESSION_STATE, presence._ANY_INPUT) == (0, 0xFFFFFFFF)  # CGEventTypes.h
    assert touchid._KINDS == {1: Biometry.FINGERPRINT, 2: Biometry.FACE, 4: Biometry.IRIS}  # LABiometryType


def test_the_names_of_notifications_and_of_the_boot() -> None:
    assert presence._OF_WORKSPACE == {  # NSWorkspace.h
        "NSWorkspaceWillSleepNotification": Signal.SLEEP,
        "NSWorkspaceDidWakeNotification": Signal.WAKE,
    }
    assert presence._OF_SCREEN == {  # of loginwindow, in no header
        "com.apple.screenIsLocked": Signal.SCREEN_LOCKED,
        "com.apple.screenIsUnlocked": Signal.SCREEN_UNLOCKED,
    }
    assert clock._BOOT == b"kern.bootsessionuuid"  # xnu, bsd/kern/kern_sysctl.c


def test_the_flags_of_access_control() -> None:
    assert (enclave._CURRENT_SET, enclave._PASSCODE, enclave._OR) == (0x8, 0x10, 0x4000)  # SecAccessControl.h


def test_the_codes_of_status() -> None:
    assert (status.SUCCESS, status.ITEM_NOT_FOUND, status.DUPLICATE_ITEM) == (0, -25300, -25299)  # SecBase.h
    assert status.MISSING_ENTITLEMENT == -34018  # SecBase.h
    assert (status.NOT_ENROLLED, status.LOCKED_OUT, status.NO_PASSCODE) == (-7, -8, -5)  # LAError.h
