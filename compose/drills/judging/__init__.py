"""What the drill's file expected, held against what happened."""
