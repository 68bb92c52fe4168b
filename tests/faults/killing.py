"""The killer: SIGKILL to web, sequencer and worker at random moments and at every named failpoint, while deposits go on."""
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.depositors import Depositor
from tests.faults.programs import Service

# A failpoint that is not met in this time has moved or is dead code: the walk fails rather than pass it over.
LONGEST_WAY_S = 30.0
# A server that is still starting has acknowledged nothing that it could lose.
ANSWERED_WITHIN_S = 0.5
COLD_EVERY = 12


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing to do: kill these programs at a random moment, or one program at a failpoint when it is reached for the n-th time."""

    programs: tuple[str, ...]
    failpoint: str = ""
    turn: int = 1


def plan(chance: random.Random, failpoints: Sequence[tuple[str, str]], blows: int) -> list[Blow]:
    """Every (program, failpoint) once, random moments up to `blows` in all, shuffled."""
    named = [Blow((program,), name, chance.choice((1, 1, 2, 3))) for program, name in failpoints]
    moments = [("web",), ("web",), ("sequencer",), ("sequencer",), ("web", "sequencer"), ("worker",)]
    planned = named + [Blow(chance.choice(moments)) for _ in range(blows - len(named))]
    chance.shuffle(planned)
    return planned


@dataclass
class Killer:
    service: Service
    chance: random.Random
    depositors: Sequence[Depositor]
    kills: Counter[str] = field(default_factory=Counter)

    def strike(self, blows: Sequence[Blow]) -> None:
        """Raises AssertionError when a failpoint is not met or a depositor met something that nobody should."""
        for blow in blows:
            self.let_them_answer()
            time.sleep(self.chance.choice((0.0, 0.02, 0.1, 0.3, 0.6)) * self.chance.random())
            if blow.failpoint:
                self.strike_at(blow)
            else:
                self.restart(*blow.programs)
            assert not (surprises := [each.surprise for each in self.depositors if each.surprise]), surprises

    def let_them_answer(self) -> None:
        """Until somebody was acknowledged since the last blow, or the time for it is over."""
        until = time.monotonic() + ANSWERED_WITHIN_S
        before = self.acknowledged()
        while self.acknowledged() == before and time.monotonic() < until:
            time.sleep(0.005)

    def acknowledged(self) -> int:
        return sum(each.outcomes["201"] for each in self.depositors)

    def strike_at(self, blow: Blow) -> None:
        [program] = blow.programs
        self.restart(program, failpoints=f"{blow.failpoint}=kill@{blow.turn}")
        before = self.service.worker_deaths()
        until = time.monotonic() + LONGEST_WAY_S
        while not self.met(program, before):
            assert time.monotonic() < until, f"{program} was not killed at {blow.failpoint} (turn {blow.turn})"
        self.kills[f"{program} at a failpoint"] += 1
        self.restart(program)

    def met(self, program: str, deaths: int) -> bool:
        """Whether the program died by itself: the sequencer as a whole, of the web a worker, which its first process replaces."""
        if program != "web":
            return self.service.running[program].ended(within_s=0.5)
        time.sleep(0.02)
        return self.service.worker_deaths() > deaths

    def restart(self, *programs: str, failpoints: str = "") -> None:
        for program in programs:
            if not self.service.running[program].ended():
                self.kills[f"{program} at a random moment"] += 1
            self.service.kill(program)
        for program in programs:
            self.service.start(program, failpoints=failpoints, cold=not failpoints and self.service.starts % COLD_EVERY == 0)
