"""What is wrong, and where it came from."""
