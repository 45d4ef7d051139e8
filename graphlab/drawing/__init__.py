"""Trace → Diagram: what a picture shows. No colours, no DOT: that is the exporters' affair."""
