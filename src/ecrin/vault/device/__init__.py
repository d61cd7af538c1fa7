"""The device a vault lives on: its key store, chip, sensors, passcode, signals and screen, one platform a folder.

`here` finds the platform. An adapter connects when it is first asked for something, and says then what is missing.
"""
