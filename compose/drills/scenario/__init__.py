"""The file format of a drill: what may stand in it, how it is read, and what is said about one that cannot be used."""
