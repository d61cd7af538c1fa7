"""Sessions: one signed-in device of one user each, with the refresh token that keeps it alive."""
