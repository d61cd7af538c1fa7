"""What runs beside the requests: mail, jobs, logs, backup."""
