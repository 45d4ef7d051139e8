"""The circles and lines of the textbooks: layers or units found in a graph, and their picture."""
