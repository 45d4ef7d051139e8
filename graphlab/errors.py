"""Everything graphlab raises on purpose.

GraphlabError               catch this one to catch all
├── ModelError              the model as written: syntax, names, arity, attributes, cycles
│   └── ShapeError          shapes or dtypes that do not fit together
├── DataError               a data file, a value or a label that cannot be used
├── LossError               nothing to start the chain rule from
├── MemoryLimitError        the run would need more memory than it may take
├── TraceError              a trace that cannot be read or does not hold what is asked of it
├── ExportError             a picture that cannot be made or written
├── MissingDependencyError  an optional package or program is not there
└── UsageError              options that make no sense together (exit status 2)
"""

from __future__ import annotations


class GraphlabError(Exception):
    """An error a user can mend. `where` is a place such as "model.yaml:14:9".

    >>> str(GraphlabError("unknown op 'relo'", where="model.yaml:14:9"))
    "model.yaml:14:9: unknown op 'relo'"
    """

    def __init__(self, message: str, *, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where

    def at(self, where: str | None) -> GraphlabError:
        """The same error with its place filled in, if it had none."""
        self.where = self.where or where
        return self

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class ModelError(GraphlabError):
    """The model as written cannot be understood."""


class ShapeError(ModelError):
    """Shapes or dtypes do not fit together."""


class DataError(GraphlabError):
    """A data file, a value or a label cannot be used."""


class LossError(GraphlabError):
    """There is no scalar to start the chain rule from."""


class MemoryLimitError(GraphlabError):
    """The run would need more memory than it may take."""


class TraceError(GraphlabError):
    """A trace cannot be read, or does not hold what is asked of it."""


class ExportError(GraphlabError):
    """A picture cannot be made or written."""


class MissingDependencyError(GraphlabError):
    """An optional package or program is not there."""


class UsageError(GraphlabError):
    """Options that make no sense together."""
