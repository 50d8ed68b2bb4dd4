"""A table compared with the days before it: what moved, by how much, and how likely chance does as much."""
