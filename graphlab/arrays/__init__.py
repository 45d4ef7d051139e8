"""Arrays before any graph: the state and its initialisers, and how given values become arrays."""
