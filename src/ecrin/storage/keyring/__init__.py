"""The instance's keys at rest: key sets by purpose, sealed under the master key, rotated without a gap."""
