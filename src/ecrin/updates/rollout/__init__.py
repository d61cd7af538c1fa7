"""Rollouts: moving a channel to its next bundle by share of devices, and stopping by itself."""
