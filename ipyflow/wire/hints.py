"""What kinds of things cannot travel to another process, and what to do about each; sizes in words.

Called by: ``ipyflow.wire.culprits``. Guarantees: nothing is imported to know a type, and no ``repr`` is called.
"""

from __future__ import annotations

import pickle
import sys
import types
from typing import Any, NamedTuple

from ipyflow.model.texts import PLAIN


class Hint(NamedTuple):
    """A kind of thing.

    Attributes:
        kind: what it is called.
        why: why it stays where it is.
        instead: what to do inside a task, or before it.
    """

    kind: str
    why: str
    instead: str


_LOCK = Hint("a lock", "It works in its own process only", "make one inside the task")
_FILE = Hint("an open file", "It belongs to the process that opened it", "pass its path and open it inside the task")
_SOCKET = Hint(
    "a network connection", "It belongs to the process that opened it", "pass the address and connect inside the task"
)
_DATABASE = Hint(
    "a database connection", "It belongs to the process that opened it", "pass its address and connect inside the task"
)
_GENERATOR = Hint(
    "a generator", "It stands in the middle of its body", "pass a list of its items, or start it inside the task"
)
_COROUTINE = Hint("a coroutine", "It stands in the middle of its body", "await it before, and pass its value")
_POOL = Hint("a pool of workers", "Its workers belong to this process", "make one inside the task, or use child tasks")
_THREAD = Hint("a thread", "It runs in this process", "start one inside the task, or use child tasks")
_LOCAL = Hint("thread-local data", "It belongs to the threads of this process", "make one inside the task")
_QUEUE = Hint("a queue", "Nobody else sees what is put into a copy of it", "pass the items and return the results")
_FUTURE = Hint("a future of another library", "It is settled in this process only", "wait for it, and pass its value")
_PROCESS = Hint("a running process", "It belongs to the process that started it", "start it inside the task")
_WEAK = Hint("a weak reference", "What it refers to stays here", "pass the object itself")
_VIEW = Hint("a view of memory", "The memory stays here", "pass bytes(...) of it")
_MODULE = Hint("a module", "It was not imported from a file that others can import", "import it inside the task")
_FRAME = Hint("a frame of running code", "It is part of the stack of this process", "pass the text of the traceback")
_WIDGET = Hint("a widget", "It is drawn by the notebook's own process", "pass its .value and set it in the notebook")
_SHELL = Hint(
    "the IPython shell", "There is one, in the notebook's process", "take what you need of it before, and pass that"
)
_LOOP = Hint("an event loop", "It runs on a thread of this process", "use `async def` inside the task")
_CURSOR = Hint(
    "a database cursor", "It belongs to a connection of this process", "fetch the rows before and pass those"
)
_POINTER = Hint("a pointer into memory", "The memory stays here", "pass a copy of what it points to")
_UNKNOWN = Hint("", "", "make it inside the task")
_DEEP = Hint("", "It is nested too deeply to be pickled", "pass it as a flat list")

_KNOWN: dict[str, Hint] = {
    "_thread.lock": _LOCK, "_thread.RLock": _LOCK, "threading.Condition": _LOCK, "threading.Event": _LOCK,
    "threading.Semaphore": _LOCK, "threading.Barrier": _LOCK, "multiprocessing.synchronize.SemLock": _LOCK,
    "threading.Thread": _THREAD, "_thread._local": _LOCAL, "_threading_local.local": _LOCAL,
    "_io._IOBase": _FILE, "tempfile._TemporaryFileWrapper": _FILE, "zipfile.ZipFile": _FILE, "tarfile.TarFile": _FILE,
    "mmap.mmap": _FILE, "h5py._hl.files.File": _FILE, "numpy.lib.npyio.NpzFile": _FILE, "shelve.Shelf": _FILE,
    "_socket.socket": _SOCKET, "ssl.SSLContext": _SOCKET, "_ssl._SSLContext": _SOCKET,
    "http.client.HTTPConnection": _SOCKET,
    "multiprocessing.connection._ConnectionBase": _SOCKET, "ftplib.FTP": _SOCKET, "smtplib.SMTP": _SOCKET,
    "aiohttp.client.ClientSession": _SOCKET, "httpx._client.BaseClient": _SOCKET, "botocore.client.BaseClient": _SOCKET,
    "paramiko.client.SSHClient": _SOCKET,
    "sqlite3.Cursor": _CURSOR, "sqlite3.Connection": _DATABASE,
    "generator": _GENERATOR, "async_generator": _GENERATOR, "coroutine": _COROUTINE,
    "concurrent.futures._base.Executor": _POOL, "multiprocessing.pool.Pool": _POOL,
    "queue.Queue": _QUEUE, "asyncio.queues.Queue": _QUEUE, "_queue.SimpleQueue": _QUEUE,
    "multiprocessing.queues.Queue": _QUEUE,
    "concurrent.futures._base.Future": _FUTURE, "_asyncio.Future": _FUTURE, "asyncio.futures.Future": _FUTURE,
    "asyncio.events.AbstractEventLoop": _LOOP, "asyncio.mixins._LoopBoundMixin": _LOCK,
    "subprocess.Popen": _PROCESS, "multiprocessing.process.BaseProcess": _PROCESS,
    "weakref.ReferenceType": _WEAK, "memoryview": _VIEW, "module": _MODULE, "frame": _FRAME, "traceback": _FRAME,
    "ipywidgets.widgets.widget.Widget": _WIDGET, "IPython.core.interactiveshell.InteractiveShell": _SHELL,
    "_ctypes._Pointer": _POINTER, "_cffi_backend._CDataBase": _POINTER, "PyCapsule": _POINTER,
}  # fmt: skip
_DATABASES = frozenset({
    "psycopg", "psycopg2", "pymysql", "MySQLdb", "mysql", "sqlalchemy", "redis", "pymongo", "duckdb", "asyncpg",
    "cx_Oracle", "oracledb", "pyodbc", "peewee", "neo4j", "cassandra",
})  # fmt: skip
_CONNECTIONS = ("Connection", "connection", "Engine", "Session", "Client", "Redis", "Pool", "Driver", "Cluster")


def known(value: Any) -> Hint | None:
    """The hint for a kind of thing that is known to stay where it is."""
    for cls in type(value).__mro__:
        if cls.__module__.partition(".")[0] == "ipyflow":
            return None
        found = _KNOWN.get(qualified(cls))
        if found is not None:
            return found
        database = cls.__module__.partition(".")[0] in _DATABASES
        if database and any(word in cls.__name__ for word in _CONNECTIONS):
            return _DATABASE
    return None


def hint(value: Any, error: BaseException | None) -> Hint:
    """The hint for what cannot travel, whatever it is."""
    found = known(value)
    if found is not None:
        return found
    deep = isinstance(error, RecursionError) or (isinstance(error, pickle.PicklingError) and "recursion" in str(error))
    if deep:
        return _DEEP
    return _UNKNOWN


def qualified(cls: type) -> str:
    """The name of a class with its module, where that is not Python's own, the notebook's or ours."""
    module = cls.__module__
    name = cls.__qualname__.rpartition("<locals>.")[2]
    plain = module in ("builtins", "__main__") or module.partition(".")[0] == "ipyflow"
    return name if plain else f"{module}.{name}"


def kind(value: Any) -> str:
    """What a culprit is: ``a lock (_thread.lock)``, ``a Model``."""
    found, name = known(value), qualified(type(value))
    if found is None:
        return article(name) if not isinstance(value, type) else f"the class {qualified(value)}"
    told = getattr(value, "name", None) if found is _FILE else getattr(value, "__name__", None)
    told = f", {PLAIN[str](told)}" if type(told) is str and found in (_FILE, _MODULE, _GENERATOR, _COROUTINE) else ""
    return f"{found.kind} ({name}{told})" if found.kind.split()[-1] != name else found.kind


def article(noun: str) -> str:
    """``a list``, ``an array``."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def described(value: Any) -> str:
    """Type and size of the thing that holds the culprit: ``a dict of 3 items, 48 MB``."""
    text, taken = article(qualified(type(value))), size(value)
    try:
        count = len(value)
        text += f" of {count:,} item{'s' * (count != 1)}"
    except Exception:
        pass
    return f"{text}, {taken}" if taken else text


def size(value: Any) -> str:
    """The memory it takes, with what it holds as far as that is quickly counted; nothing for what has no such."""
    total = 0
    seen: set[int] = set()
    left: list[Any] = [value]
    while left and len(seen) < _MOST:
        one = left.pop()
        if id(one) in seen or isinstance(one, type | types.ModuleType | types.FunctionType):
            continue
        seen.add(id(one))
        total += _bytes(one)
        left += _held(one)
    return ("more than " if left else "") + human(total) if total else ""


_MOST = 2_000


def _held(value: Any) -> list[Any]:
    cls = type(value)
    if cls in (list, tuple, set, frozenset):
        return [each for _, each in zip(range(_MOST), value, strict=False)]
    if cls is dict:
        return [each for _, pair in zip(range(_MOST), value.items(), strict=False) for each in pair]
    own = getattr(value, "__dict__", None)
    return [own] if type(own) is dict else []


def nbytes(value: Any) -> int:
    """Bytes of its content, of what has such: arrays, text."""
    kind = type(value)
    if kind in (str, bytes, bytearray):
        return len(value)
    count = getattr(value, "nbytes", None) if hasattr(kind, "nbytes") else None
    return count if type(count) is int else 0


def _bytes(value: Any) -> int:
    # A __sizeof__ written in Python may take its time.
    if isinstance(getattr(type(value), "__sizeof__", None), types.FunctionType):
        return max(nbytes(value), object.__sizeof__(value))
    return max(nbytes(value), sys.getsizeof(value))


def human(count: int) -> str:
    """Bytes for people: ``48 MB``."""
    if count < 1_000:
        return f"{count} bytes"
    power = 3 if count >= 999_500_000 else 2 if count >= 999_500 else 1
    amount, unit = count / 1_000**power, ("kB", "MB", "GB")[power - 1]
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"
