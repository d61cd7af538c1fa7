"""Who may do it: projects, credentials of operators and CI, and the audit trail."""
