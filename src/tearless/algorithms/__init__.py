"""Learning algorithms, one file each, composed of the four pillars' functions and of nothing else."""
