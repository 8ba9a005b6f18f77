"""Judges of histories, one question a file. Pure: no clock, no network, no chance."""
