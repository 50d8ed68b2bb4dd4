"""Pictures drawn: one language for findings, notebooks and lessons."""
