import pytest
from IPython.core.error import UsageError

from ipyflow.notebook.header import Header, parse


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", Header()),
        ("load", Header("load")),
        ("load()", Header("load")),
        ("load(n=3, s='a b)', d={'x': (1, 2)})", Header("load", "n=3, s='a b)', d={'x': (1, 2)}")),
        (r"load(s='it\'s (')", Header("load", r"s='it\'s ('")),
        ("--wait load", Header("load", wait=True)),
        ("load --wait", Header("load", wait=True)),
        ("-o f load(n=1) --timeout 2.5", Header("load", "n=1", timeout="2.5", into="f")),
        ("--timeout=2 --executor=pool", Header(timeout="2", executor="pool")),
        ("--timeout timedelta(seconds=3)", Header(timeout="timedelta(seconds=3)")),
        ("--on-leak cancel --view graph", Header(on_leak="cancel", view="graph")),
        ("--view none", Header(view="none")),
    ],
)
def test_names_parameters_and_options_stand_in_any_order(line: str, expected: Header) -> None:
    assert parse(line) == expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--wiat", "no option --wiat; did you mean --wait"),
        ("--zzz", "no option --zzz; usage: %%flow"),
        ("--cache", "--cache is not there yet"),
        ("--max-parallelism 3", "--max-parallelism is not there yet: limit="),
        ("--view pie", "--view pie: choose one of timeline, graph, table, log, none"),
        ("--on-leak explode", "--on-leak explode: choose one of warn, wait"),
        ("--timeout", "--timeout needs a value: --timeout S"),
        ("--wait=3", "--wait takes no value, got '3'"),
        ("--wait --wait", None),
        ("-o f -o g", "got -o twice"),
        ("-o 3f", "-o 3f: give the name of a variable"),
        ("a b", "got two names, a and b"),
        ("class", "'class' is not a name"),
        ("a-b", "'a-b' is not a name"),
        ("f(x=1", "the brackets do not match"),
        ("f(x='a)", "the quote ' is not closed"),
        ("f(x=1)y", "nothing may stand between"),
    ],
)
def test_what_cannot_be_is_named(line: str, said: str | None) -> None:
    if said is None:
        parse(line)
        return
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert said in str(caught.value)
