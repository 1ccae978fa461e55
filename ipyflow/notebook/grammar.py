"""How the line of a magic is read: operands and options, strictly, with the same words for every mistake.

What each magic and subcommand takes stands in :mod:`ipyflow.notebook.table`; completion and help read it there too.
"""

from __future__ import annotations

import difflib
import keyword
from dataclasses import dataclass, field

from IPython.core.error import UsageError


@dataclass(frozen=True)
class Operand:
    """What may stand in a place of a line without an option before it.

    Attributes:
        word: what stands for it in the usage.
        kind: what completion offers: ``target`` (a run or a task), ``past`` (a run of the past), ``task`` (a task),
            ``flow`` (one of the notebook's names), ``parameter`` (of that flow), ``setting``, ``command``, ``path`` or
            ``word``.
        choices: the only words there are, where they are few.
        needed: whether the line cannot be without it.
        many: whether it may stand there several times.
    """

    word: str
    kind: str = "word"
    choices: tuple[str, ...] = ()
    needed: bool = False
    many: bool = False

    @property
    def usage(self) -> str:
        """As in a usage: brackets around what may be left out."""
        word = f"{self.word} ..." if self.many else self.word
        return word if self.needed else f"[{word}]"


@dataclass(frozen=True)
class Option:
    """An option of a line.

    Attributes:
        name: with its dashes.
        value: what stands for its value in the usage; empty for one that is only there or not.
        does: what it is for, in a line.
        choices: the only values it takes, where they are few.
        offers: values that completion offers where others are possible too; ``executor`` means those there are.
        bare: whether it may also stand without its value, which then must follow an equals sign.
    """

    name: str
    value: str = ""
    does: str = ""
    choices: tuple[str, ...] = ()
    offers: tuple[str, ...] | str = ()
    bare: bool = False

    @property
    def usage(self) -> str:
        """As in a usage."""
        if not self.value:
            return f"[{self.name}]"
        return f"[{self.name}[={self.value}]]" if self.bare else f"[{self.name} {self.value}]"


@dataclass(frozen=True)
class Given:
    """What a line says: its operands, and its options with their values (empty without one)."""

    operands: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """What a line may say.

    Attributes:
        start: how it begins, as ``%flow show``.
        does: what it is for, in a line.
        operands: in the order in which they stand.
        options: those it takes.
        examples: lines that can be typed.
    """

    start: str
    does: str
    operands: tuple[Operand, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its last word: of a subcommand, its name."""
        return self.start.split()[-1]

    @property
    def usage(self) -> str:
        """All of it in one line."""
        options = [option.usage for option in self.options]
        return " ".join([self.start, *(operand.usage for operand in self.operands), *options])

    def option(self, name: str) -> Option | None:
        """The option of that name."""
        return next((option for option in self.options if option.name == name), None)

    def read(self, words: list[str]) -> Given:
        """Part the words into operands and options, and see that they fit.

        Raises:
            UsageError: something in it that cannot be; the message names what was given and what could be.

        Example:
            >>> line = Line("%move", "Move it.", (Operand("PLACE", needed=True),), (Option("--far"),))
            >>> line.usage
            '%move PLACE [--far]'
            >>> line.read(["up", "--far"])
            Given(operands=['up'], options={'--far': ''})
        """
        return self.checked(self.part(words))

    def part(self, words: list[str]) -> Given:
        """Part the words into operands and options; how many operands there are is not looked at.

        Raises:
            UsageError: of an option.
        """
        operands: list[str] = []
        options: dict[str, str] = {}
        rest = iter(words)
        for word in rest:
            if not word.startswith("-") or word == "-":
                operands.append(word)
                continue
            name, equals, value = word.partition("=")
            option = self._known(name)
            if name in options:
                raise UsageError(f"{self.start} got {name} twice")
            if option.value and not option.bare and not equals:
                value = next(rest, "")
            if option.value and not value and (equals or not option.bare):
                raise UsageError(f"{name} needs a value: {name} {option.value}")
            if equals and not option.value:
                raise UsageError(f"{name} takes no value, got {value!r}")
            if value and option.choices and value not in option.choices:
                raise UsageError(f"{name} {value}: choose one of {', '.join(option.choices)}")
            options[name] = value
        return Given(operands, options)

    def _known(self, name: str) -> Option:
        option = self.option(name)
        if option is None:
            near = difflib.get_close_matches(name, [option.name for option in self.options], 1)
            hint = f"did you mean {near[0]}?" if near else f"usage: {self.usage}"
            raise UsageError(f"{self.start} has no option {name}; {hint}")
        return option

    def checked(self, said: Given) -> Given:
        """What was said, if the operands fit.

        Raises:
            UsageError: too many, too few, or one that cannot be.
        """
        given = said.operands
        if len(given) > len(self.operands) and not any(operand.many for operand in self.operands):
            most = "nothing more" if not self.operands else f"{len(self.operands)} at most"
            hint = "; put quotes around a name with blanks" if self.operands else ""
            raise UsageError(f"{self.start} takes {most}, got {' '.join(given)}{hint}; usage: {self.usage}")
        needed = [operand for operand in self.operands if operand.needed]
        if len(given) < len(needed):
            raise UsageError(f"{self.start} needs {needed[len(given)].word}; usage: {self.usage}")
        for word, operand in zip(given, self.operands, strict=False):
            if operand.choices and word not in operand.choices:
                raise UsageError(f"{self.start} {word}: write one of {', '.join(operand.choices)}")
        return said


def words(text: str, start: str) -> list[str]:
    """Split at white space that is outside brackets and quotes.

    Args:
        text: what stands behind the magic's name.
        start: the magic, for messages.

    Raises:
        UsageError: a quote or a bracket is not closed.

    Example:
        >>> words("load(n=3, s='a b') -o f", "%%flow")
        ["load(n=3, s='a b')", '-o', 'f']
    """
    found, last, quote, depth = parted(text.strip())
    if quote or depth:
        what = f"the quote {quote} is not closed" if quote else "the brackets do not match"
        raise UsageError(f"{start} {text.strip()}: {what}")
    return [*found, last] if last else found


def parted(text: str) -> tuple[list[str], str, str, int]:
    """The words before the last blank, what stands behind it, and the quote and the brackets open at the end.

    Example:
        >>> parted("show 'the fir")
        (['show'], "'the fir", "'", 0)
    """
    found, word = [], ""
    quote, depth, escaped = "", 0, False
    for char in text:
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char.isspace() and depth == 0:
            if word:
                found.append(word)
            word = ""
            continue
        word += char
    return found, word, quote, depth


def unquoted(word: str) -> str:
    """A word without the quotes around it."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word


def is_name(text: str) -> bool:
    """Whether Python takes it for a variable."""
    return text.isidentifier() and not keyword.iskeyword(text)
