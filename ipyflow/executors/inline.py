"""Work runs at once, on the thread that submits it: for tests, for debugging, for hosts without threads."""

from __future__ import annotations

import threading

from ipyflow.model.ports import Hearing, Work


class InlineExecutor:
    """Runs each work before ``dispatch`` returns; the order of a program is then the order of its lines."""

    name = "inline"
    remote = keeps = False

    def dispatch(self, work: Work) -> None:
        """Run it now."""
        if isinstance(threading.current_thread(), Hearing):  # a body there would keep all workers unheard
            threading.Thread(target=self._run, args=(work,), daemon=True).start()
        else:
            self._run(work)

    def _run(self, work: Work) -> None:
        following: Work | None = work
        with work.over_another():
            while following is not None and isinstance(following.executor, InlineExecutor):
                following = following.run("inline")
        if following is not None:
            following.executor.dispatch(following)

    def follow(self, work: Work) -> Work | None:
        """Hand it back to be run at once."""
        return work

    def cancel(self, work: Work) -> None:
        """The body sees ``current().cancelled``; nothing else can be done."""

    def abandon(self, work: Work) -> None:
        """There is no slot of its own to free."""

    def returned(self, work: Work) -> None:
        """Nothing was given up."""

    def blocked(self, work: Work) -> None:
        """The body may run on a worker of a pool, which waits with it: another may take that one's slot."""
        pool = getattr(threading.current_thread(), "pool", None)
        if pool is not None:
            pool.blocked(work)

    def unblocked(self, work: Work) -> None:
        """The worker goes on."""
        pool = getattr(threading.current_thread(), "pool", None)
        if pool is not None:
            pool.unblocked(work)

    def crowded(self) -> bool:
        """Never: there is no pool."""
        return False

    def mend(self) -> None:
        """Nothing can be left half done."""

    def forget(self) -> None:
        """Threads do not come along into a fork."""

    def shutdown(self, wait: bool) -> None:
        """Nothing to let go."""
