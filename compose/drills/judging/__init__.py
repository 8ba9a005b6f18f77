"""What a drill's file expected, held against what happened: expectations, thresholds, guards, and the answer line."""
