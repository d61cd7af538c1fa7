"""The marks outside of a vault's file that tell an old copy, one a file: each implements `ecrin.vault.ports.Anchor`."""
