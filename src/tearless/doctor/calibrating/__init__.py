"""What `tearless calibrate` is made of: reading, judging, mending, and the words of its answer."""
