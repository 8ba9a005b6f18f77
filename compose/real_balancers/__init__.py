"""The products people run in front of Jira: their configuration for a cluster, and how the installed ones are run."""
