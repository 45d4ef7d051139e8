"""The native model file: its text, its names, its expressions, and the way back."""
