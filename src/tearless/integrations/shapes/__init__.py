"""Shapes where code runs: an error that was raised on shapes, explained; layers; hooks."""
