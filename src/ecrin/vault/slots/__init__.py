"""The kinds of slots, one a file: each is a way into a vault and implements `ecrin.vault.ports.Opener`."""
