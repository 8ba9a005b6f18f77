"""What happened in one run of one variant: written as it happens, read back whole, judged afterwards."""
