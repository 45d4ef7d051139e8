"""Graph → Trace: the plan, forward and backward, and runs of a changed graph."""
