"""A Jacobian as lines."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from graphlab.base.numbers import matrix_lines, shape_text
from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled
from graphlab.lines.equation import result
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.engine.jacobian import Jacobian

SHOWN = 12  # rows and columns


def jacobian_lines(found: Jacobian, precision: int = 4) -> Iterator[Line]:
    """Its shape, its numbers, and the upstream gradient times it."""
    node, source = symbol(found.node), symbol(found.input)
    rows, columns = (shape_text(shape) or "1" for shape in (found.rows, found.columns))
    yield Styled(tr("∂{y}/∂{x}: {rows} × {columns}", y=node, x=source, rows=rows, columns=columns), "strong")
    yield from _matrix(found.matrix, precision)
    if found.product is not None and found.upstream is not None:
        yield Styled(tr("∂L/∂{y} · J", y=node), "strong")
        product = found.product if found.product.ndim > 1 else np.reshape(found.product, (1, found.product.size))
        yield from _matrix(product, precision)


def _matrix(matrix: np.ndarray, precision: int) -> Iterator[Line]:
    matrix = matrix.reshape(math.prod(matrix.shape[:-1]), matrix.shape[-1])
    for line in matrix_lines(matrix, precision, SHOWN):
        yield ["  ", result(line, "grad")]
