"""How models learn: losses, derivatives, descent, and how large a step may be."""
