"""Biometrics and the device's passcode as a gate, and credentials behind it: the calls of the Capacitor plugins."""
