"""A small expression tree: parsed from one short text, shown with symbols or numbers, and evaluated."""

from graphlab.formula.element import Element
from graphlab.formula.evaluate import PRIMITIVES, evaluate
from graphlab.formula.parse import FormulaError, parse
from graphlab.formula.show import show
from graphlab.formula.tree import Expr, names, postorder

__all__ = ["PRIMITIVES", "Element", "Expr", "FormulaError", "evaluate", "names", "parse", "postorder", "show"]
