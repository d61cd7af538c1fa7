"""In and out: what other systems export, and what they can read."""
