"""A handout as Typst, LaTeX, HTML or Markdown."""
