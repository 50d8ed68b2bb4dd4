"""``tearless.compare``: results of several models read, brought together, compared, and the verdict in words."""
