"""What any room may use: numbers as text, files written whole, text made safe, pausing the garbage collector."""
