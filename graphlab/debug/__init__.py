"""The debugger: a cursor over a run, with no printing and no input."""
