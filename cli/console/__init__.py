"""What is said at a stop of `graphlab step`: the verbs, and the console that listens."""
