"""What every magic takes: the one table that reading, completion, help and messages share."""

from __future__ import annotations

from ipyflow.engine.options import LEAK_POLICIES
from ipyflow.flows.options import EXECUTORS
from ipyflow.notebook.grammar import Line, Operand, Option
from ipyflow.past.history import STATES

VIEWS = ("timeline", "graph", "table", "log", "none")
STDOUT = ("task", "cell")
_YES_NO = ("True", "False")

_EXECUTOR = Option("--executor", "E", f"where it runs: {', '.join(EXECUTORS)}, or a variable", offers="executor")
_TIMEOUT = Option("--timeout", "S", "seconds, or an expression, after which an attempt is given up")
_ON_LEAK = Option("--on-leak", "P", "what happens to children that nobody read", LEAK_POLICIES)
_CACHE = Option("--cache", "AGE", "an equal call has the value that was kept, if it is no older than AGE", bare=True)

FLOW = Line(
    "%%flow",
    "Run the cell's body in the background, as a flow.",
    (Operand("NAME[(param=default, ...)]"),),
    (
        _EXECUTOR,
        Option("--max-parallelism", "N", "at no instant run more than N tasks below it"),
        _TIMEOUT,
        _ON_LEAK,
        Option("--wait", does="the cell waits for the end, and gives the value"),
        Option("--view", "V", "which view is open at first", VIEWS),
        _CACHE,
        Option("-o", "VAR", "the variable that gets the future"),
    ),
    (
        "%%flow",
        "%%flow order(user=17, cart=[1, 2]) -o answer",
        "%%flow --max-parallelism 4 --view graph --wait",
        "%%flow train(rate=0.1) --cache",
    ),
)

TASK = Line(
    "%%task",
    "Make a task of the cell's body.",
    (Operand("NAME(params)", needed=True),),
    (
        _EXECUTOR,
        _TIMEOUT,
        Option("--retries", "R", "how often it is tried again: a number, True, or Retry(...)"),
        Option("--limit", "N", "so many of it run at once"),
        Option("--rate", "R", "how many start in a time", offers=("'5/s'", "'100/min'", "'1000/h'")),
        Option("--delay", "S", "seconds before it starts"),
        Option("--defer", "PARAMS", "a newer call takes the place of an equal one that has not begun", bare=True),
        Option("--recurrent", does="run again while it gives None, with --delay in between"),
        Option("--memo", does="an equal call in the same run gives the same value"),
        Option("--wait", "PARAMS", "not before the futures in these parameters, or in all, are done", bare=True),
        Option("--resolve", "PARAMS", "the same, and it gets their values", bare=True),
        Option("--name", "TEXT", "what it is called in views"),
        _ON_LEAK,
        Option("--stdout", "S", "where its prints go", STDOUT),
        Option("--with-state", does="in a pipeline: takes the state first, returns (state, result)"),
        Option("--fruitful", "B", "False: in a pipeline it hands nothing on", _YES_NO),
        Option("->", "TYPE", "what it returns, for readers of its signature"),
        _CACHE,
    ),
    ("%%task load(name, n=3)", "%%task fetch(url) --retries 3 --timeout 10 --limit 4", "%%task add(a, b) --resolve"),
)

_ONE = Operand("NAME|ID", "target")
_LOOKED_AT = Operand("NAME|ID|KEY", "target")
_TIMES = ("1h", "1d", "7d", "today", "yesterday")
_CHANGES = Operand("PARAM=VALUE", "parameter", many=True)

COMMANDS = {
    line.name: line
    for line in (
        Line("%flow list", "The runs, newest first; so does %flow alone.", (), (Option("--all", does="every run"),),
             ("%flow", "%flow list --all")),
        Line("%flow show", "The view of a run; of the newest without a name.", (_LOOKED_AT,),
             (Option("--view", "V", "which view is open at first", VIEWS[:-1]),),
             ("%flow show", "%flow show order --view graph")),
        Line("%flow wait", "Wait for the end of it, or of everything.", (_ONE,), (),
             ("%flow wait", "%flow wait order")),
        Line("%flow cancel", "Stop a run, a task and all below it, or all that runs.",
             (Operand("NAME|ID|all", "target"),), (), ("%flow cancel order", "%flow cancel all")),
        Line("%flow pause", "Start nothing more of it; what runs goes on.", (_ONE,), (), ("%flow pause order",)),
        Line("%flow resume", "Let what is paused go on, or a flow whose kernel has ended.", (_LOOKED_AT, _CHANGES), (),
             ("%flow resume", "%flow resume order", "%flow resume a3f9c1-3 user=3")),
        Line("%flow retry", "Run again what failed, with the code of now.", (_ONE,), (),
             ("%flow retry", "%flow retry load#3")),
        Line("%flow rerun", "Start a run anew, with other arguments if given.",
             (_ONE, _CHANGES), (), ("%flow rerun order", "%flow rerun order user=3")),
        Line("%flow explain", "Say where it stands, and why it does not move.", (_LOOKED_AT,), (),
             ("%flow explain", "%flow explain load#3")),
        Line("%flow export", "Write a run to a file; its ending says which kind.",
             (_LOOKED_AT, Operand("PATH", "path", needed=True)), (),
             ("%flow export run.html", "%flow export order run.svg")),
        Line("%flow debug", "Open the debugger in the frames of a failed task.", (_ONE,), (),
             ("%flow debug load#3",)),
        Line("%flow lint", "What could be better: leaks, needless waits, ...", (_LOOKED_AT,), (),
             ("%flow lint order",)),
        Line("%flow whatif", "How long it takes with other numbers of workers.", (_LOOKED_AT,),
             (Option("--workers", "N,N", "which numbers", offers=("1,2,4,8,16",)),),
             ("%flow whatif order --workers 2,8,1000",)),
        Line("%flow form", "A form that starts a flow.", (Operand("NAME", "flow", needed=True), _CHANGES), (),
             ("%flow form order", "%flow form order user=3")),
        Line("%flow config", "The settings; with words, set some; one without a value is printed.",
             (Operand("SETTING=VALUE", "setting", many=True),), (),
             ("%flow config", "%flow config threads", "%flow config threads=4", "%flow config nested_loops on")),
        Line("%flow auto", "Whether cells show the runs they start.",
             (Operand("on|off", "word", ("on", "off")),), (), ("%flow auto", "%flow auto off")),
        Line("%flow history", "The runs of all days and kernels, newest first.", (Operand("NAME|KEY", "past"),),
             (Option("--state", "S", "in which state", STATES),
              Option("--since", "T", "not before: 2h (ago), 3d, yesterday, 2026-11-20", offers=_TIMES),
              Option("--until", "T", "not after", offers=_TIMES),
              Option("--text", "T", "in a name, or in the message of a failure"),
              Option("--limit", "N", "how many at most; 0 for all"),
              Option("--delete", does="delete them: there is no way back"),
              Option("--disk", does="how much room the history takes"),
              Option("--read", "PATH", "bring a run in that %flow export wrote as .json")),
             ("%flow history", "%flow history nightly --state failed --since 3d", "%flow history --until 30d --delete",
              "%flow show a3f9c1-3")),
        Line("%flow compare", "Two runs beside each other; of one, with the one before.",
             (_LOOKED_AT, _LOOKED_AT), (), ("%flow compare", "%flow compare order", "%flow compare 3 a3f9c1-7")),
        Line("%flow help", "What a subcommand takes.", (Operand("COMMAND", "command"),), (), ("%flow help show",)),
    )
}  # fmt: skip
"""The subcommands of ``%flow`` by name."""
