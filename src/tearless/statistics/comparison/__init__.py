"""Did it really improve: tests and intervals for differences, one file for each way of comparing."""
