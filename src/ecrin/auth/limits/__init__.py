"""Limits: failures and quotas, counted in the database so that they hold in parallel and across restarts."""
