"""What is kept of a table so that a later one can be compared with it, without its rows."""
