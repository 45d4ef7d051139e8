"""DOT, and the engines that lay it out."""
