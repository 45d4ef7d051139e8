"""gl.draw and gl.view: from a graph or a run to what a notebook shows."""
