"""Sealing: the encryption that Capgo's clients open (protocol sheet §7), both ways; publisher and device share it.

What it is and is not: everybody who has the app has the public key, so it hides a bundle from storage, CDN and operator
only. Neither version, channel nor time is signed, AES-CBC has no MAC, and one key seals all files of a version.
"""
