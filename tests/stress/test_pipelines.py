"""Random pipelines, steered from several threads at once, with the interpreter switching threads all the time."""

import pytest

from tests.engine.programs import run
from tests.stress.storms import FAILING, SOUND, patience, weather


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_done_to_a_pipeline_it_ends_and_nothing_is_lost(seed: int) -> None:
    weather(seed)


@pytest.mark.parametrize("seed", range(12))
def test_a_pipeline_retried_until_it_succeeds_gives_what_it_would_have_given(seed: int) -> None:
    patience(seed)


@pytest.mark.parametrize("seed", range(6))
def test_pauses_alone_lose_nothing(seed: int) -> None:
    weather(seed, SOUND + FAILING, ("pause", "resume", "pause a child", "resume a child", "pause the run"))


def test_a_storm_of_interrupts_while_pipelines_are_submitted_and_awaited() -> None:
    program = """
    @fl.task
    def double(x=1):
        return 2 * x

    @fl.task
    async def coroutine(*xs):
        return xs

    over, go = threading.Event(), threading.Event()

    def storm():
        go.wait()
        for i in range(250):
            time.sleep(0.0005 + (i % 7) * 0.0004)
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        over.set()

    pipeline = fl.in_parallel([double.send(n).continue_with(coroutine) for n in range(6)], max_parallelism=2)
    pipeline = pipeline.continue_with(coroutine).finally_do(coroutine)
    caught = 0
    threading.Thread(target=storm, daemon=True).start()
    while not over.is_set():
        try:
            go.set()
            futures = [pipeline.submit() for _ in range(3)]
            pipeline()
        except KeyboardInterrupt:
            caught += 1
    assert caught > 20, caught
    deadline = time.monotonic() + 20
    while any(run.live for run in fl.runs()) and time.monotonic() < deadline:
        time.sleep(0.01)
    left = [list(run.live.values()) for run in fl.runs() if run.live]
    print(left or pipeline())
    """
    done = run(program, warnings="ignore")
    assert (done.returncode, done.stdout) == (0, "([(0,), (2,), (4,), (6,), (8,), (10,)],)\n"), done.stderr
