"""How far a probability can be believed: measured, tested, mended. One file a topic."""
