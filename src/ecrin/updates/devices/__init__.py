"""Devices: what they said of themselves, and the channel they were put on."""
