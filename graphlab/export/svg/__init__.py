"""SVG: the cards we draw, and engines' drawings made fit for a page."""
