"""Which sites of its own clause an uptake phrase speaks of, and what is excepted."""

from __future__ import annotations

import re

from pytest_pet2rep.findings.grammar import NOT_IN, Predicate
from pytest_pet2rep.findings.sites import Site
from pytest_pet2rep.findings.tokens import Token

_ATTRIBUTIVE = re.compile(r"[GsLfpcA]{0,5}[Oanp]")
_PREPOSED = re.compile(r"[LGfUncsdAnqJ+-]{0,6}[ID]")
_BACKWARD = ("after", "post", "relation", "compared")


def choose(
    predicate: Predicate, sites: list[Site], kinds: str, done: int, following: int, english: bool
) -> tuple[list[Site], int]:
    """Sites of a phrase among those of its clause, and how far the clause is then used up.

    ``done`` is the last word that an earlier phrase has used, ``following`` where the next phrase
    begins.  Chinese puts the organ first; English puts it in front of a verb, behind a
    preposition, or behind an adjective.
    """
    if not sites:
        return [], predicate.last - 1
    inside = [s for s in sites if predicate.first <= s.index < predicate.last]
    before = [s for s in sites if done < s.index < predicate.first and not s.aside]
    denied = NOT_IN.match(kinds, predicate.last)
    stop = kinds.find("!", denied.end() if denied else predicate.last, following)
    behind = [s for s in sites if predicate.last <= s.index < (following if stop < 0 else stop)]
    if english:
        return _english(
            predicate, inside, before, behind, kinds[predicate.last : following], following
        )
    end = predicate.last - 1
    if before or inside:
        return _main(before + inside), end
    asides = [s for s in sites if done < s.index < predicate.first]
    if asides and kinds.startswith("j") and "V" in kinds[asides[-1].index : predicate.first]:
        return asides, end
    behind = [s for s in behind if not s.aside]
    return behind, (following - 1 if behind else end)


def _english(
    predicate: Predicate, inside: list[Site], before: list[Site], behind: list[Site],
    ahead: str, following: int,
) -> tuple[list[Site], int]:  # fmt: skip
    end = predicate.last - 1
    adjective = predicate.form in ("hot", "before", "abnormal", "hinted")
    attributive = _ATTRIBUTIVE.match(ahead) is not None and adjective
    preposed = _PREPOSED.match(ahead) is not None
    close = behind if attributive else [s for s in behind if not s.aside]
    if predicate.form == "weak" and not preposed:
        close = [] if before or inside else close
    if before and predicate.form == "before" and "I" in predicate.kinds:
        return before, end
    if inside and predicate.form in _BACKWARD:
        return _main(before + inside), end
    if (attributive or preposed) and close:
        return inside + close, following - 1
    if inside:
        return inside, end
    if before:
        return before, end
    return [s for s in behind if not s.aside], following - 1


def _main(sites: list[Site]) -> list[Site]:
    return [site for site in sites if not site.aside] or sites


def cut_exceptions(tokens: list[Token]) -> tuple[list[Token], list[list[Token]]]:
    """Take "except ..." and "... excepted" out of a sentence: what is left, and what was taken."""
    kinds = "".join([token.kind for token in tokens])
    if "x" not in kinds and "X" not in kinds:
        return tokens, []
    cut: list[list[Token]] = []
    kept: list[Token] = []
    position = 0
    while position < len(tokens):
        if kinds[position] == "x":
            end = _exception_end(kinds, position)
            cut.append(tokens[position + 1 : end])
            position = end + (1 if kinds[end : end + 1] == "X" else 0)
        elif kinds[position] == "X" and tokens[position].word.value == "except_alone":
            taken: list[Token] = []
            while kept and kept[-1].kind not in ",;:b":
                taken.append(kept.pop())
            behind = _statement_behind(tokens, kinds, position)
            cut.append(taken[::-1] + (behind or _value_behind(tokens, position)))
            position += 1 + len(behind) + (1 if behind and kinds[position + 1] == "," else 0)
        else:
            kept.append(tokens[position])
            position += 1
    return kept, [part for part in cut if part]


_NEAR = 12
_VERB_BEHIND = re.compile(r"[GsIpcLSOan.]{0,8}[Oan][GsIpcLS.]{0,4}F")
_STATED = re.compile(r"[UHKZN+\-0]")


def _exception_end(kinds: str, start: int) -> int:
    comma = next((i for i in range(start + 1, len(kinds)) if kinds[i] in ",;:b"), len(kinds))
    closing = kinds.find("X", start, comma + _NEAR)
    if closing >= 0:
        return closing
    verb = _VERB_BEHIND.match(kinds, start + 1, comma)
    return verb.end() - 1 if verb and _STATED.search(kinds, 0, start) is None else comma


_OWN_STATEMENT = re.compile(r",?(?P<said>[^,;:bOanp]*[UHKZ0+\-][^,;:bOanp]*)")


def _statement_behind(tokens: list[Token], kinds: str, position: int) -> list[Token]:
    """What is said of the excepted organ in a clause of its own behind "is the exception"."""
    match = _OWN_STATEMENT.match(kinds, position + 1)
    return tokens[match.start("said") : match.end("said")] if match else []


def _value_behind(tokens: list[Token], position: int) -> list[Token]:
    for token in tokens[position + 1 :]:
        if token.kind == "S":
            return [token]
        if token.kind in "Oan":
            break
    return []
