"""Small production failures that run, are diagnosed by the checks, mended, and run again."""
