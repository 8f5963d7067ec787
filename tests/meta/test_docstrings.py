"""Docstrings begin with a verb, or with the name of a thing."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import deployer

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUSE = Path(deployer.__file__).parent
CLAUSE = re.compile(r"(As|From|How|There|What|When|Where|Whether|Which|Who|Whom|Whose|Why)\b")
NOUN = re.compile(r"(A|All|An|Each|Every|Everything|Its|One|Some|The|Their|These|Those)\b")


def is_function(node: ast.AST) -> bool:
    """Return whether it is a function, and not a property, which is read like a value."""
    return isinstance(node, ast.FunctionDef) and "property" not in "".join(
        map(ast.unparse, node.decorator_list)
    )


def docstrings(path: Path) -> Iterator[tuple[str, int, bool]]:
    """Yield the text and the line of each docstring, and whether it is a function's."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        body = getattr(node, "body", None)
        for place, each in enumerate(body if isinstance(body, list) else ()):
            match each:
                case ast.Expr(ast.Constant(str(text))):
                    yield text, each.lineno, place == 0 and is_function(node)


def test_docstrings_begin_with_a_verb_or_a_name() -> None:
    """No docstring is a subordinate clause, and a function's says what the function does."""
    wrong = [
        f"{path.relative_to(HOUSE)}:{line}: {text.splitlines()[0]}"
        for path in HOUSE.rglob("*.py")
        for text, line, of_function in docstrings(path)
        if CLAUSE.match(text) or (of_function and NOUN.match(text))
    ]
    assert wrong == []
