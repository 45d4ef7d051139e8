"""What all tests share."""

from importlib.util import find_spec

# The README's test command does not install PyTorch; a named step of CI does, and runs these and fails on a skip.
collect_ignore_glob = [] if find_spec("torch") else ["*test_torch_*.py"]
