"""The people of a rehearsal, as a cluster sees them: browsers with cookies, administrators with rights."""
