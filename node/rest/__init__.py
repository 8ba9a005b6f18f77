"""Jira's REST resources, one a file. Each module has a function that closes over what it needs and returns routes."""
