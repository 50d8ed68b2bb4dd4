"""The words of expressions over shapes: which functions and layers are known, and by which rule each goes."""
