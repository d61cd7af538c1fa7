"""Pages that people open from a mail (`/auth/action`) and, in development, the mailbox (`/dev`). No script at all."""
