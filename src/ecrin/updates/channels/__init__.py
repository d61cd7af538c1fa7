"""Channels: named lines of bundles that devices follow."""
