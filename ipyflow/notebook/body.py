"""From the text of a ``%%flow`` or ``%%task`` cell to a function: names assigned in it are local, its last expression
is the value.

The code is compiled under the name that IPython gave the cell, with the numbers of the cell's own lines (the magic
line is line 1), so that tracebacks, the debugger and the views show the cell as it was written.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from types import CodeType
from typing import Any

from IPython.core.error import UsageError

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Source:
    """A cell as IPython knows it: its text and the file name it is compiled under.

    Args:
        shell: the interactive shell.
        magic: ``%%flow`` or ``%%task``.
        line: the rest of the magic line.
        cell: the cell below it.
        raw: the whole cell as it was typed, where that is known.
        number: the cell's number.
    """

    def __init__(self, shell: Any, magic: str, line: str, cell: str, raw: str | None, number: int) -> None:
        self.shell, self.magic, self.cell = shell, magic, cell
        text = raw if raw is not None and raw.rstrip("\n").endswith(cell.rstrip("\n")) else f"{magic} {line}\n{cell}"
        self.filename: str = shell.compile.cache(text, number, raw_code=text)

    def tree(self) -> ast.Module:
        """The body's statements, magics and ``!commands`` included, numbered as in the cell."""
        # A comment in the place of the magic line keeps the numbers: IPython would drop an empty line.
        code = self.shell.transform_cell(f"#\n{self.cell}")
        tree: ast.Module = self.shell.compile.ast_parse(code, filename=self.filename)
        return tree

    def compile(self, tree: ast.Module) -> CodeType:
        """Compile what was made of the tree, under the cell's name."""
        code: CodeType = self.shell.compile(tree, self.filename, "exec")
        return code


def function(source: Source, name: str, params: str, returns: str = "", starts: bool = False) -> Any:
    """Make the function of a cell.

    Args:
        source: the cell.
        name: the function's name.
        params: the text of its parameters; their defaults are evaluated now, in the user's namespace.
        returns: the text of what it returns, as an annotation.
        starts: the cell starts it at once, so every parameter needs a default.

    Raises:
        SyntaxError: of the cell, at its own line; shown by IPython as the cell's own.
        UsageError: the parameters cannot be read, or are not ones that a cell can start with.
        Exception: whatever the evaluation of a default raises.
    """
    try:
        body = source.tree().body
        if not body:
            raise UsageError(f"the cell is empty: a {source.magic} cell needs a body")
        definition = _definition(source, name, params, returns)
        if starts:
            _refuse_bare(name, definition.args)
        if isinstance(body[-1], ast.Expr):
            body[-1] = ast.copy_location(ast.Return(body[-1].value), body[-1])
        kind = ast.AsyncFunctionDef if any(_awaits(statement) for statement in body) else ast.FunctionDef
        made = kind(name, definition.args, body, [], definition.returns, **_rest(kind))
        tree = ast.Module([ast.copy_location(made, definition)], [])
        code = source.compile(ast.fix_missing_locations(tree))
    except SyntaxError as error:
        raise shown_as_the_cells(source.shell, error) from None
    found: dict[str, Any] = {}
    exec(code, source.shell.user_global_ns, found)
    # Tracebacks show it as what it is to its reader, the code of a cell. (Of a function they would show the lines that
    # `inspect` takes for its source, and those end at the magic line.)
    found[name].__code__ = found[name].__code__.replace(co_name="<module>")
    return found[name]


def _rest(kind: type[ast.AST]) -> dict[str, Any]:
    # Fields that newer Pythons have; older ones warn about or reject what they do not know.
    return {field: [] for field in kind._fields if field == "type_params"}


def _definition(source: Source, name: str, params: str, returns: str) -> ast.FunctionDef:
    """The head of the function, with nothing in it."""
    text = f"{name}({params})" + (f" -> {returns}" if returns else "")
    try:
        definition = ast.parse(f"def {text}: pass", source.filename).body[0]
    except SyntaxError as error:
        raise UsageError(f"{source.magic} {text}: the parameters cannot be read: {error.msg}") from None
    if not isinstance(definition, ast.FunctionDef) or "\n" in params:
        raise UsageError(f"{source.magic} {text}: the parameters cannot be read")
    return definition


def _refuse_bare(name: str, args: ast.arguments) -> None:
    positional = [*args.posonlyargs, *args.args]
    bare = positional[: len(positional) - len(args.defaults)]
    bare += [arg for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None]
    if bare:
        word = bare[0].arg
        raise UsageError(f"{word} has no default, and the cell starts {name} at once: write {word}=... in {name}(...)")


def _awaits(node: ast.AST) -> bool:
    return any(_is_await(found) for found in _own(node))


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is below it, without the insides of functions and classes defined there."""
    yield node
    if not isinstance(node, _SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _own(child)


def _is_await(node: ast.AST) -> bool:
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
        return any(generator.is_async for generator in node.generators)
    return isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)


def shown_as_the_cells(shell: Any, error: SyntaxError) -> Exception:
    """An exception that IPython shows as it shows a syntax error of a cell.

    A SyntaxError raised by a magic is shown with all the frames between it and IPython. Only an exception of another
    class may say itself how it is shown; it goes by the same name.
    """
    lines = shell.SyntaxTB.structured_traceback(type(error), error, [])
    kind = builtins.type(type(error).__name__, (Exception,), {"_render_traceback_": lambda self: lines})
    made: Exception = kind(*error.args[:1])
    made.__cause__ = error
    return made
