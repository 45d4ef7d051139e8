"""A diagram's boxes and their sizes in, positions out."""
