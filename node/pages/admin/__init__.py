"""Pages for administrators. They act through the same `AdminActions` as REST, and say what was ended where."""
