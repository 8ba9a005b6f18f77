"""Runs a drill: clusters up, people in, things broken and mended, everything recorded, and judged at the end."""
