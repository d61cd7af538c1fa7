"""Updates: which code runs on which device."""
