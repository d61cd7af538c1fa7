"""Out-of-band codes: single-use codes that travel by mail and prove an e-mail address."""
