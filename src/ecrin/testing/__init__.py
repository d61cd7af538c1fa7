"""Shipped simulators: the real protocols, on free loopback ports, for the tests of those who build on Écrin."""
