"""What runs inside a container: the entry that becomes one of our programs, and the check that asks how it is."""
