"""The store of a context: paths, types, what an edit may change, saving."""

import copy
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ipyflow.errors import WorkflowRuntimeError, WorkflowValidationError
from ipyflow.flows.workflow import paths
from ipyflow.flows.workflow.serializers import JsonSerializer, PickleSerializer
from ipyflow.flows.workflow.state import DictState
from ipyflow.flows.workflow.store import Store


class User(BaseModel):
    name: str = "nobody"
    tags: list[str] = Field(default_factory=list)


class MyState(BaseModel):
    count: int = 0
    user: User = Field(default_factory=User)
    free: dict[str, Any] = Field(default_factory=dict)
    sloppy: str = None  # type: ignore[assignment]

    @property
    def double(self) -> int:
        return self.count * 2

    @model_validator(mode="after")
    def _small(self) -> "MyState":
        if self.count > 1000:
            raise ValueError("too big")
        return self


def now(store: Store[Any], path: str, default: Any = None) -> Any:
    return store.get(path, default).result()


# The type of the state.


def test_a_state_type_needs_a_default_for_each_field() -> None:
    class Needy(BaseModel):
        a: int
        b: int = 1
        c: str

    with pytest.raises(WorkflowValidationError, match=r"Needy .* a, c have none: give each field a default"):
        Store(Needy)


@pytest.mark.parametrize("given", [int, "MyState", {"a": 1}, MyState()])
def test_a_state_type_is_a_pydantic_model(given: Any) -> None:
    with pytest.raises(WorkflowValidationError, match=r"cannot be the state of a workflow: give a pydantic model"):
        Store(given)


def test_defaults_that_the_type_itself_refuses() -> None:
    class Odd(BaseModel):
        @model_validator(mode="after")
        def _never(self) -> "Odd":
            raise ValueError("never")

    with pytest.raises(WorkflowValidationError, match=r"(?s)Odd cannot be made of its defaults: .*never"):
        Store(Odd)


def test_dict_state_is_a_dict_with_attributes() -> None:
    state = DictState(a=1)
    state["b"] = 2
    state.c = 3
    assert dict(state) == {"a": 1, "b": 2, "c": 3} == state.to_dict()
    assert (state.b, state["c"], state.get("d"), "a" in state, len(state), list(state)) == (
        2,
        3,
        None,
        True,
        3,
        [*"abc"],
    )
    assert state.pop("a") == 1
    assert state.setdefault("e", []) == []
    del state["b"]
    del state.c
    assert state == DictState(e=[])
    assert bool(DictState())
    state.update(f=1)
    assert state.f == 1
    with pytest.raises(AttributeError, match="the state has no x; it has e, f"):
        _ = state.x
    with pytest.raises(KeyError):
        state["x"]
    with pytest.raises(AttributeError, match=r"write state\['items'\] = "):
        state.items = 1
    with pytest.raises(TypeError, match="names in the state are text"):
        state[1] = 2  # type: ignore[index]
    state["items"] = [1]
    assert state["items"] == [1]


def test_a_dict_state_with_fields_of_its_own() -> None:
    class Mine(DictState):
        count: int = 0

    store = Store(Mine)
    store.set("count", "3").result()
    store.set("other", 1).result()
    assert dict(store.get_state().result()) == {"count": 3, "other": 1}
    with pytest.raises(ValidationError):
        store.set("count", "x")
    with store.edit_state() as state, pytest.raises(TypeError, match="declares it"):
        del state["count"]


# Paths.


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b": [1, (2, {"c": 3})]}),
        ("a.b.0", 1),
        ("a.b.1.1.c", 3),
        ("a.b.-1.0", 2),
        ("numbers.7", "seven"),
        ("user.name", "nobody"),
        ("typed.double", 0),
        ("thing.real", 1),
        ("items", 5),
    ],
)
def test_get_follows_dicts_lists_models_and_objects(path: str, value: Any) -> None:
    class Thing:
        real = 1

    store = Store()
    with store.edit_state() as state:
        state.update(
            a={"b": [1, (2, {"c": 3})]}, numbers={7: "seven"}, user=User(), typed=MyState(), thing=Thing(), items=5
        )
    assert store.get(path).result() == value


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("usr", r"nothing at 'usr': the state has a, user, none, n"),
        ("user.nam", r"nothing at 'user.nam': 'user' has name, tags"),
        ("a.2", r"'a' has 1 item, counted from 0"),
        ("a.append", r"'a' has 1 item"),
        ("a.0.x", r"'a.0' is empty"),
        ("none.x", r"'none' is nothing"),
        ("n.real", r"'n' is of type int"),
        ("user.model_dump", r"'user' has name, tags"),
    ],
)
def test_a_missing_path_says_what_there_is(path: str, said: str) -> None:
    store = Store()
    with store.edit_state() as state:
        state.update(a=[{}], user=User(), none=None, n=1)
    with pytest.raises(ValueError, match=said):
        store.get(path)
    assert store.get(path, default=7).result() == 7
    assert store.get(path, None).result() is None


@pytest.mark.parametrize("path", ["", None, 3])
def test_a_path_is_text(path: Any) -> None:
    store = Store()
    for call in (lambda: store.get(path), lambda: store.set(path, 1)):
        with pytest.raises(ValueError, match="is no path"):
            call()


def test_set_makes_dicts_on_the_way_and_shares_what_is_beside_it() -> None:
    store = Store()
    store.set("a.b.c", 1).result()
    beside = [1]
    store.set("beside", beside).result()
    before = store.get("a").result()
    store.set("a.b.d", 2).result()
    assert store.get("a").result() == {"b": {"c": 1, "d": 2}}
    assert before == {"b": {"c": 1}}
    assert store.get("beside").result() is beside


def test_set_in_lists_tuples_models_and_objects() -> None:
    class Thing:
        def __init__(self) -> None:
            self.x = 1

    store, thing = Store(), Thing()
    with store.edit_state() as state:
        state.update(li=[1, {"a": 2}], tu=(1, 2), user=User(), numbers={7: 0})
    store.set("thing", thing).result()
    for path, value in {
        "li.1.a": 3,
        "tu.0": 9,
        "user.tags": ["x"],
        "user.tags.0": "y",
        "numbers.7": 1,
        "thing.x": 2,
    }.items():
        store.set(path, value).result()
        assert store.get(path).result() == value
    assert store.get("tu").result() == (9, 2)
    assert store.get("numbers").result() == {7: 1}
    assert thing.x == 1


@pytest.mark.parametrize("path", ["li.1", "li.x", "n.x", "none.x"])
def test_a_path_that_cannot_be_set_says_what_there_is(path: str) -> None:
    store = Store()
    with store.edit_state() as state:
        state.update(li=[1], n=1, none=None)
    with pytest.raises(ValueError, match=rf"'{path}' cannot be set: "):
        store.set(path, 1)


# Typed states.


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("count", "many"),
        ("count", 2000),
        ("nope", 1),
        ("nope.deeper", 1),
        ("user", 3),
        ("user.name", 3),
        ("user.nope", 1),
        ("user.tags.0", "x"),
    ],
)
def test_a_typed_state_takes_nothing_wrong(path: str, value: Any) -> None:
    store = Store(MyState)
    with pytest.raises(ValueError):
        store.set(path, value)
    assert store.get_state().result() == MyState()
    store.set("count", 1).result()  # it goes on


def test_a_typed_state_converts_as_pydantic_does() -> None:
    store = Store(MyState)
    store.set("count", "5").result()
    store.set("user", {"name": "Ada"}).result()
    store.set("free.a.b", 1).result()
    assert store.get_state().result() == MyState(count=5, user=User(name="Ada"), free={"a": {"b": 1}})


def test_an_edit_of_a_typed_state_is_checked_at_its_end() -> None:
    store = Store(MyState)
    edits: list[Callable[[MyState], object]] = [
        lambda state: setattr(state, "count", "many"),
        lambda state: setattr(state.user, "name", 3),
        lambda state: setattr(state, "count", 2000),
        lambda state: state.user.tags.append(7),  # type: ignore[arg-type]
        lambda state: setattr(state, "nope", 1),
    ]
    for edit in edits:
        with pytest.raises(ValueError), store.edit_state() as state:
            edit(state)
        assert store.get_state().result() == MyState()
    with pytest.raises(WorkflowRuntimeError, match="count was deleted"), store.edit_state() as state:
        del state.count
    with store.edit_state() as state:
        state.count = "6"  # type: ignore[assignment]
        state.user.tags.append("new")
    assert store.get_state().result() == MyState(count=6, user=User(tags=["new"]))


def test_what_an_edit_did_not_touch_is_not_checked_again() -> None:
    class Salted(BaseModel):
        model_config = ConfigDict(validate_assignment=True)
        word: str = ""
        n: int = 0

        @model_validator(mode="before")
        @classmethod
        def _salt(cls, data: Any) -> Any:
            return {**data, "word": data["word"] + "!"} if isinstance(data, dict) and data.get("word") else data

    store = Store(Salted)
    store.set_state(Salted(word="a")).result()
    with store.edit_state() as state:
        state.n = 1
        word = state.word
    assert now(store, "word") == word


def test_models_in_lists_and_dicts_are_checked_too() -> None:
    class Team(BaseModel):
        users: list[User] = Field(default_factory=list)
        by_name: dict[str, User] = Field(default_factory=dict)

    store = Store(Team)
    store.set_state(Team(users=[User(name="a")], by_name={"b": User(name="b")})).result()
    for path in ("users.0", "by_name.b"):
        with pytest.raises(ValidationError), store.edit_state() as state:
            paths.at(state, path).name = 3
    assert (now(store, "users.0.name"), now(store, "by_name.b.name")) == ("a", "b")


# Whole states.


def test_get_state_and_set_state_copy() -> None:
    store = Store()
    store.set("a.b", 1).result()
    got = store.get_state().result()
    got["a"]["b"] = 2
    assert now(store, "a.b") == 1
    mine = DictState(li=[1])
    store.set_state(mine).result()
    mine["li"].append(2)
    assert now(store, "li") == [1]
    assert now(store, "a") is None


def test_set_state_takes_its_type_and_a_parents() -> None:
    class Wider(MyState):
        extra: int = 1

    store = Store(Wider)
    store.set("extra", 5).result()
    store.set_state(MyState(count=3)).result()
    assert store.get_state().result() == Wider(count=3, extra=5)
    for wrong in (User(), {"count": 1}, None):
        with pytest.raises(WorkflowRuntimeError, match=r"takes a Wider, and \w+ was given"):
            store.set_state(wrong)  # type: ignore[arg-type]


def test_clear_goes_back_to_the_defaults() -> None:
    store = Store(MyState)
    store.set("count", 3).result()
    store.clear().result()
    assert store.get_state().result() == MyState()
    free = Store()
    free.set("a", 1).result()
    free.clear().result()
    assert dict(free.get_state().result()) == {}


def test_what_cannot_be_copied_is_named() -> None:
    class Client:
        def __init__(self) -> None:
            self.lock = threading.Lock()

    store = Store()
    store.set("deep.clients", [Client()]).result()
    said = r"deep\.clients\.0 is a Client \(TypeError: .*Keep it out of the store, as a Resource"
    with pytest.raises(WorkflowRuntimeError, match=said):
        store.get_state()
    with pytest.raises(WorkflowRuntimeError, match=said), store.edit_state():
        pass
    assert isinstance(now(store, "deep.clients.0"), Client)
    store.set("deep", None).result()  # and it goes on
    with store.edit_state() as state:
        state.ok = True
    assert now(store, "ok")


# Saving.


def test_saving_and_reading() -> None:
    store = Store()
    store.set("a.b", (1, {2})).result()
    for serializer in (JsonSerializer(), PickleSerializer()):
        again = Store.from_dict(store.to_dict(serializer), serializer)
        assert again.get_state().result() == store.get_state().result()
    typed = Store(MyState)
    typed.set("user.name", "Ada").result()
    again = Store.from_dict(typed.to_dict(JsonSerializer()), JsonSerializer(), MyState)
    assert again.get_state().result() == MyState(user=User(name="Ada"))
    again.set("count", 3).result()


def test_saving_names_what_cannot_be_written() -> None:
    store = Store()
    store.set("model", threading.Lock()).result()
    with pytest.raises(ValueError, match=r"^state\.model: <lock> cannot be written as JSON: use PickleSer"):
        store.to_dict(JsonSerializer())
    with pytest.raises(ValueError, match=r"^state\.model: <lock> cannot be pickled"):
        store.to_dict(PickleSerializer())


def test_reading_another_state_or_none_says_so() -> None:
    saved = Store(MyState).to_dict(JsonSerializer())
    with pytest.raises(WorkflowRuntimeError, match="saved state is a MyState, and the workflow's is a DictState"):
        Store.from_dict(saved, JsonSerializer())
    with pytest.raises(WorkflowRuntimeError, match="this is no saved store"):
        Store.from_dict({}, JsonSerializer())


def test_a_state_type_of_a_function_is_found() -> None:
    class Local(BaseModel):
        n: int = 0

    store = Store(Local)
    store.set("n", 4).result()
    again = Store.from_dict(store.to_dict(JsonSerializer()), JsonSerializer(), Local)
    assert again.get_state().result() == Local(n=4)


# Against a plain model.


names = st.text("ab", min_size=1, max_size=2)
leaves = st.none() | st.integers() | st.text(max_size=3)
trees = st.recursive(
    leaves, lambda inner: st.dictionaries(names, inner, max_size=3) | st.lists(inner, max_size=3), max_leaves=8
)
places = st.lists(names | st.integers(0, 3).map(str), min_size=1, max_size=3)


@given(state=st.dictionaries(names, trees, max_size=3), writes=st.lists(st.tuples(places, trees), max_size=6))
def test_set_and_get_do_what_a_plain_walk_does(state: dict[str, Any], writes: list[tuple[list[str], Any]]) -> None:
    store = Store()
    store.set_state(DictState(**state)).result()
    model: Any = store.get_state().result().to_dict()
    for path, value in writes:
        node: Any = model
        fits = True
        trail = []
        for name in path[:-1]:
            if isinstance(node, dict):
                trail.append((node, name))
                node = node.get(name, {})
            elif isinstance(node, list) and name.isdigit() and int(name) < len(node):
                trail.append((node, int(name)))
                node = node[int(name)]
            else:
                fits = False
                break
        last = path[-1]
        if fits and isinstance(node, list):
            fits = last.isdigit() and int(last) < len(node)
        elif fits:
            fits = isinstance(node, dict)
        if not fits:
            with pytest.raises(ValueError):
                store.set(".".join(path), value)
            continue
        node[last if isinstance(node, dict) else int(last)] = value
        for above, name in reversed(trail):
            above[name] = node
            node = above
        store.set(".".join(path), value).result()
        assert store.get(".".join(path)).result() == value
        model = copy.deepcopy(model)
    assert store.get_state().result().to_dict() == model
