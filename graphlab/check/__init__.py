"""Is it right: gradients against differences, and one run against another."""
