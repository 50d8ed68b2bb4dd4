"""What is known of a training run: the record that a watch writes, read back as typed facts."""
