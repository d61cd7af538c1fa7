"""Mechanisms that keep bytes and rows, without a word of any feature."""
