"""Figures that a widely read tutorial prints, each computed again by the pillars' own functions."""
