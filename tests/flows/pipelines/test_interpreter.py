"""The interpreter that the random tests trust: small cases with answers written by hand."""

from __future__ import annotations

from tests.flows.pipelines.interpreter import Group, Interpreter, Pipe, Reader, Step, merge


def value_of(pipe: Pipe) -> str:
    outcome = Interpreter(Reader()).run(pipe)
    return Reader().text(outcome.error or outcome.own_value)


A, B, BAD = Step("a"), Step("b"), Step("bad", "raise")


def test_arguments_flow() -> None:
    assert value_of(Pipe((A, B))) == "b[a[]]"
    assert value_of(Pipe((Step("p", "pair"), B))) == "b[p, p[]]"
    assert value_of(Pipe((Step("l", "list"), B))) == "b[[l, l[]]]"
    assert value_of(Pipe((Step("n", "none"), B))) == "b[None]"
    assert value_of(Pipe((Step("s", fruitful=False), B))) == "b[]"
    assert value_of(Pipe((Step("e", "empty"), Step("b", args=(1,))), args=(7,))) == "b[1]"


def test_groups() -> None:
    assert value_of(Pipe((Group("g", ()),))) == "[]"
    assert value_of(Pipe((Group("g", (Pipe((Group("h", ()),)),)),))) == "[[]]"
    assert value_of(Pipe((A, Group("g", (Pipe((B,)), Pipe((A,))))))) == "[b[a[]], a[a[]]]"
    two = Group("g", (Pipe((BAD,)), Pipe((A,)), Pipe((Step("x", "raise"),))))
    assert value_of(Pipe((two, A))) == "GroupError(0: Boom(bad[]), 2: Boom(x[]))"


def test_handlers_and_finalisers() -> None:
    heals, again = Step("h", handles=True), Step("r", "again", handles=True)
    assert value_of(Pipe((BAD, A, heals, B))) == "b[h[Boom(bad[])]]"
    assert value_of(Pipe((A, heals, B))) == "b[a[]]"
    assert value_of(Pipe((BAD, again))) == "Boom(bad[])"
    assert value_of(Pipe((BAD,), last=Step("f", "raise"))) == "Boom(f[])"
    assert value_of(Pipe((A,), last=Step("f"))) == "a[]"
    told = Interpreter(Reader())
    told.run(Pipe((BAD, A, heals)))
    assert told.ended == {"bad": "failed", "a": "skipped", "h": "succeeded"}


def test_children() -> None:
    def child(inline: bool) -> Step:
        return Step("o", "pipe", child=Pipe((Step("c", changes=(("a", 5),)),), inline=inline), args=(3,))

    outcome = Interpreter(Reader()).run(Pipe((A, child(True)), state={"a": 0}))
    assert (outcome.value, outcome.state) == ("c[a[], 3] | {a: 0}", {"a": 5})
    outcome = Interpreter(Reader()).run(Pipe((A, child(False)), state={"a": 0}))
    assert (outcome.value, outcome.state) == ("c[] | None", {"a": 0})


def test_states_are_merged_by_their_changes() -> None:
    assert merge({"a": 0}, [{"a": 0}, {"a": 1, "b": 1}, {"b": 2}]) == {"a": 1, "b": 1}
    assert merge({"a": 0, "z": 1}, [{"z": 1}, {"a": 3, "z": 1}]) == {"z": 1}
    assert merge(None, [None, {"a": 1}, {"b": 2}]) == {"a": 1, "b": 2}
    assert merge(1, [1, 2, 3]) == 2
    assert merge({"a": 0}, []) == {"a": 0}
