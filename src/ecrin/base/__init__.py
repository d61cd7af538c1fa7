"""What every room may use: values and small rules on the standard library alone."""
