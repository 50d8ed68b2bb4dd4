"""Tables that lie in parts: each part is read where it lies, and only facts travel."""
