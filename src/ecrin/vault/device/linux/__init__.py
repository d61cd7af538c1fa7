"""Linux: Secret Service, TPM 2.0, fprintd, PAM, and what logind and the desktop say over D-Bus."""
