"""What in a body depends on what: the calls of tasks in it, and which of them each needs the value of.

Nothing is run: names are followed from where they are set to where they are used. Where that cannot tell, as behind a
call that may have an effect on anything, everything after it depends on everything before it. So two calls that are
said to be independent are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from ipyflow.views.lint.source import Source
from ipyflow.views.lint.statements import ADDS, changed_in, leaves, names_in

Needs = frozenset[int]

_NONE: Needs = frozenset()
_CARRIED, _ITEM = -1, -2
"""Stand among the needs, inside a loop, for what an earlier turn of it has set, and for the item of this turn."""
_HARMLESS = {"print", "display", "progress"}
_Loops = ast.For | ast.AsyncFor | ast.While
_Comprehensions = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(eq=False, slots=True)
class Loop:
    """A loop of the body."""

    line: int
    parallel: bool = True
    """False where a turn of it may need what an earlier one has done."""


@dataclass(eq=False, slots=True)
class Site:
    """A place where a task is submitted."""

    number: int
    name: str
    line: int
    needs: Needs
    loops: tuple[Loop, ...] = ()


@dataclass(slots=True)
class Calls:
    """The calls of tasks in a body, in the order in which they stand."""

    source: Source
    sites: list[Site] = field(default_factory=list)
    _set: dict[str, Needs] = field(default_factory=dict)
    _control: Needs = _NONE
    _loops: list[Loop] = field(default_factory=list)

    def needs(self, site: Site) -> set[int]:
        """The numbers of all sites that one needs, directly or not."""
        seen: set[int] = set()
        queue = list(site.needs)
        while queue:
            number = queue.pop()
            if number >= 0 and number not in seen:
                seen.add(number)
                queue += self.sites[number].needs
        return seen

    # Statements.

    def block(self, statements: Iterable[ast.stmt]) -> None:
        """Go through statements in order."""
        for one in statements:
            self.statement(one)

    def statement(self, node: ast.stmt) -> None:
        """Go through a statement."""
        match node:
            case ast.Expr(value):
                self._expression(value)
            case ast.Assign(targets, value):
                needs = self.value(value)
                for target in targets:
                    self._bind(target, needs)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._bind(target, self.value(value))
            case ast.AugAssign(target=target, value=value):
                self._bind(target, self.value(value) | self.value(target))
            case ast.If(test, body, orelse):
                self._under(self.value(test), [*body, *orelse], leaves=leaves([*body, *orelse]))
            case ast.For() | ast.AsyncFor() | ast.While():
                self._loop(node)
            case ast.With(items, body) | ast.AsyncWith(items, body):
                for item in items:
                    needs = self.value(item.context_expr)
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, needs)
                self.block(body)
            case ast.Try(body, handlers, orelse, finalbody):
                first = len(self.sites)
                self.block(body)
                inside = frozenset(range(first, len(self.sites)))
                rest = [one for handler in handlers for one in handler.body]
                self._under(inside, rest, leaves=leaves([*body, *rest]))
                self.block([*orelse, *finalbody])
            case ast.Match(subject, cases):
                body = [one for case in cases for one in case.body]
                self._under(self.value(subject), body, leaves=leaves(body))
            case ast.Assert(test):
                self._control |= self.value(test)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                pass  # what they call is called somewhere else
            case _:
                self.value(node)

    def _expression(self, value: ast.expr) -> None:
        """A value that nobody takes: made for what else it does."""
        first = len(self.sites)
        needs = self.value(value)
        inner = value.value if isinstance(value, ast.Await) else value
        if not isinstance(inner, ast.Call):
            return
        called = inner.func
        if isinstance(called, ast.Name) and called.id in _HARMLESS:
            return
        if isinstance(called, ast.Attribute) and called.attr in ADDS and isinstance(called.value, ast.Name):
            self._set[called.value.id] = self._set.get(called.value.id, _NONE) | needs
            return
        if isinstance(called, ast.Attribute) and called.attr in ("submit", "map", "detach"):
            return  # it waits for nothing
        self._barrier(in_loop=len(self.sites) == first)

    def _barrier(self, in_loop: bool) -> None:
        self._control |= frozenset(range(len(self.sites)))
        for loop in self._loops if in_loop else ():
            loop.parallel = False

    def _under(self, needs: Needs, body: list[ast.stmt], leaves: bool) -> None:
        """Statements that are only run, or not, for what these gave."""
        before = self._control
        self._control |= needs
        self.block(body)
        if not leaves:
            # A barrier inside holds behind it too.
            self._control = before | (self._control - needs)

    def _loop(self, node: _Loops) -> None:
        loop = Loop(node.lineno, parallel=not isinstance(node, ast.While) and not leaves(node.body, of_loop=True))
        changed = set(changed_in(node.body))
        first, control = len(self.sites), self._control
        if isinstance(node, ast.While):
            self._control |= self.value(node.test)
        else:
            items = self.value(node.iter)
            target = {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
            changed -= target
            loop.parallel &= not changed & {one.id for one in ast.walk(node.iter) if isinstance(one, ast.Name)}
            self._bind(node.target, items | {_ITEM})
        for name in changed:
            self._set[name] = self._set.get(name, _NONE) | {_CARRIED}
        self._loops.append(loop)
        self.block(node.body)
        self._loops.pop()
        self._close(loop, first)
        inside = frozenset(range(first, len(self.sites)))
        for name in changed:
            self._set[name] = (self._set.get(name, _NONE) | inside) - {_CARRIED, _ITEM}
        barred = not loop.parallel or self._control & inside
        self._control = control | (inside if barred else _NONE)
        self.block(node.orelse)

    def _close(self, loop: Loop, first: int) -> None:
        """The sites in a loop are known: do they depend on its turns?"""
        inside = self.sites[first:]
        items = {site.number for site in inside if _ITEM in site.needs}
        for site in inside:
            if _CARRIED in site.needs or not (_ITEM in site.needs or self.needs(site) & items):
                loop.parallel = False
        if not self._loops:
            for site in inside:
                site.needs -= {_CARRIED, _ITEM}

    # Values.

    def value(self, node: ast.AST) -> Needs:
        """What a value is made of; the sites in it are noted."""
        if isinstance(node, ast.Name):
            return self._set.get(node.id, _NONE)
        if isinstance(node, _Comprehensions):
            return self._comprehension(node)
        if isinstance(node, ast.Lambda):
            return _NONE.union(*(self._set.get(name, _NONE) for name in names_in(node)))
        if isinstance(node, ast.Call):
            name = self.source.task_called(node)
            if name is not None:
                given = self._all([*node.args, *node.keywords])
                site = Site(len(self.sites), name, node.lineno, given | self._control, tuple(self._loops))
                self.sites.append(site)
                if self.source.asks(node):
                    self._barrier(in_loop=True)  # a person may say no, and then nothing behind it is to be done
                return frozenset({site.number}) | (given & {_CARRIED, _ITEM})
        if isinstance(node, ast.NamedExpr):
            needs = self.value(node.value)
            self._bind(node.target, needs)
            return needs
        if isinstance(node, ast.IfExp):
            test = self.value(node.test)
            before, self._control = self._control, self._control | test
            needs = test | self.value(node.body) | self.value(node.orelse)
            self._control = before
            return needs
        return self._all(ast.iter_child_nodes(node))

    def _all(self, nodes: Iterable[ast.AST]) -> Needs:
        needs = _NONE
        for one in nodes:
            needs |= self.value(one)
        return needs

    def _comprehension(self, node: _Comprehensions) -> Needs:
        first, kept = len(self.sites), dict(self._set)
        loop = Loop(node.lineno)
        needs = _NONE
        for part in node.generators:
            items = self.value(part.iter)
            needs |= items
            self._bind(part.target, items | {_ITEM})
            self._loops.append(loop)
            needs |= self._all(part.ifs)
            self._loops.pop()
        self._loops.append(loop)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        needs |= self._all(parts)
        self._loops.pop()
        self._close(loop, first)
        self._set = kept
        return needs - {_CARRIED, _ITEM} if not self._loops else needs

    def _bind(self, target: ast.expr, needs: Needs) -> None:
        match target:
            case ast.Name(id=name):
                self._set[name] = needs | self._control
            case ast.Tuple(elts) | ast.List(elts):
                for one in elts:
                    self._bind(one, needs)
            case ast.Starred(value):
                self._bind(value, needs)
            case ast.Attribute(value=owner) | ast.Subscript(value=owner):
                for name in names_in(owner):
                    self._set[name] = self._set.get(name, _NONE) | needs


def calls_in(source: Source) -> Calls:
    """The calls of tasks in a function.

    Args:
        source: the function.
    """
    calls = Calls(source)
    calls.block(source.body)
    return calls
