"""The people of a drill: virtual users with cookie jars on policy time, who decide by seed and record what they see."""
