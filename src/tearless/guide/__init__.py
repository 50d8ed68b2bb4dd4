"""What explains: numbers that were published, computed again, and the lessons."""
