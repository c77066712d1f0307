"""Why a label differs between two corpora: which votes came, went or changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trainer.corpus.labels import HUMAN
from trainer.corpus.rules import SILENCE
from trainer.corpus.votes import RULE, rule_and_version
from trainer.records import Vote


@dataclass(frozen=True, slots=True)
class Reason:
    """One vote that made a label what it is now.

    Attributes
    ----------
    change : {"came", "went", "changed", "stands"}
        What happened to the vote; "stands" is one that counts only now, or that was overruled.
    author : str
        Without the version of a rule.
    detail : str
        The whole of it for people.
    """

    topic: str
    change: Literal["came", "went", "changed", "stands"]
    author: str
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer corpus diff --json`` prints of it."""
        return {key: getattr(self, key) for key in ("topic", "change", "author", "detail")}


def why_relabelled(
    topic: str,
    text: str,
    before: Sequence[Vote],
    after: Sequence[Vote],
    rules: Mapping[str, str],
) -> list[Reason]:
    """Compare the votes on one topic of one sentence.

    Parameters
    ----------
    text : str
        The sentence, from which the words that made a rule fire are quoted.
    before, after : sequence of Vote
        All votes on the sentence, silence too.
    rules : mapping
        What happened to the rules, by author; see `changed_rules`.

    Returns
    -------
    list of Reason
        Empty where the votes are the same: they were weighed otherwise.
    """
    people_then, people_now = _people(before), _people(after)
    if people_now and not people_then and not any(vote.topic == topic for vote in people_now):
        detail = "people judged the sentence, but not this topic: what rules say counts no more"
        return [Reason(topic, "stands", people_now[0].author, detail)]
    if bool(people_then) != bool(people_now):  # who counts is another: what rules said is no news
        old, new = _by_author(people_then, topic), _by_author(people_now, topic)
    else:
        old, new = _by_author(people_then or before, topic), _by_author(people_now or after, topic)
    found: list[Reason] = []
    for author in dict.fromkeys([*new, *old]):
        if author not in old:
            found.append(Reason(topic, "came", author, _came(author, new[author], text, rules)))
        elif author not in new:
            found.append(Reason(topic, "went", author, _went(author, old[author], rules)))
        elif change := _changed(author, old[author], new[author], rules):
            found.append(Reason(topic, "changed", author, change))
    # That silence came or ended only follows from a rule that did.
    found = [reason for reason in found if reason.author != SILENCE] or found
    return found + (_beside_people(topic, after) if people_now else _left_alone(topic, people_then, after))


def told(reasons: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return reasons for people: what holds of several topics is said once, with their names."""
    topics: dict[str, list[str]] = {}
    for reason in reasons:
        topics.setdefault(reason["detail"], []).append(reason["topic"])
    if len({reason["topic"] for reason in reasons}) < 2:
        return list(topics)
    return [f"{', '.join(dict.fromkeys(names))}: {detail}" for detail, names in topics.items()]


def _people(votes: Sequence[Vote]) -> list[Vote]:
    return [vote for vote in votes if vote.author.startswith(HUMAN)]


def _by_author(votes: Sequence[Vote], topic: str) -> dict[str, list[Vote]]:
    found: dict[str, list[Vote]] = {}
    for vote in votes:
        if vote.topic == topic:
            found.setdefault(rule_and_version(vote.author)[0], []).append(vote)
    return found


def _came(author: str, votes: Sequence[Vote], text: str, rules: Mapping[str, str]) -> str:
    if author == SILENCE:
        return "no rule fires: silence says no"
    words = ""
    if author.startswith(RULE):
        words = f" at “{text[votes[0].start : votes[0].end]}”"
    return f"{author} says {_answers(votes)}{words}{_note(author, rules)}"


def _went(author: str, votes: Sequence[Vote], rules: Mapping[str, str]) -> str:
    if author == SILENCE:
        return "silence, which said no, ended"
    return f"{author} no longer says {_answers(votes)}{_note(author, rules)}"


def _changed(author: str, old: Sequence[Vote], new: Sequence[Vote], rules: Mapping[str, str]) -> str | None:
    if _answers(old) != _answers(new):
        return f"{author} says {_answers(new)} instead of {_answers(old)}{_note(author, rules)}"
    weights = [sorted({vote.weight for vote in votes}) for votes in (old, new)]
    if weights[0] != weights[1]:
        shown = ["/".join(f"{weight:g}" for weight in several) for several in weights]
        return f"{author} weighs {shown[1]} instead of {shown[0]}{_note(author, rules)}"
    versions = [{rule_and_version(vote.author)[1] for vote in votes} - {None} for votes in (old, new)]
    if versions[0] and versions[1] and versions[0] != versions[1]:
        return f"{author} says {_answers(new)} as before{_note(author, rules) or ' (rule changed)'}"
    return None


def _beside_people(topic: str, votes: Sequence[Vote]) -> list[Reason]:
    """Return that people disagree, or else the rules that say otherwise than they do."""
    people = _by_author(_people(votes), topic)
    answers = {vote.answer for said in people.values() for vote in said}
    if len(answers) > 1:
        return [Reason(topic, "stands", next(iter(people)), "people disagree, so the label is unknown")]
    return [
        Reason(topic, "stands", author, f"{author}, which says {_answers(said)}, is overruled")
        for author, said in _by_author(votes, topic).items()
        if author.startswith(RULE) and answers and {vote.answer for vote in said} != answers
    ]


def _left_alone(topic: str, people_then: Sequence[Vote], votes: Sequence[Vote]) -> list[Reason]:
    """Return what counts again where people's word went."""
    if not people_then:
        return []
    return [
        Reason(topic, "stands", author, f"{author}, which says {_answers(said)}, counts again")
        for author, said in _by_author(votes, topic).items()
    ]


def _answers(votes: Sequence[Vote]) -> str:
    return " and ".join(sorted({vote.answer for vote in votes}, reverse=True))


def _note(author: str, rules: Mapping[str, str]) -> str:
    return f" ({rules[author]})" if author in rules else ""


def why_one_sided(
    row: Mapping[str, Any],
    here: Mapping[str, str],
    there: Mapping[str, str],
    places: Mapping[str, str],
    *,
    added: bool,
) -> str:
    """Return why only one corpus has a sentence, as far as both can tell.

    Parameters
    ----------
    here, there : mapping
        Digests of the documents of the corpus that has it, and of the other.
    places : mapping
        Text -> a document of the other corpus that has it.
    """
    doc = row["doc_id"]
    if row["text"] in places:
        return f"the same text stands in {'A' if added else 'B'} in document {places[row['text']]}"
    if doc in here and doc not in there:
        return "its document came" if added else "its document went"
    if doc in here and here[doc] != there[doc]:
        return "its document was edited"
    if doc in here:
        left_out = "its document is the same: left out {} as a repetition or by the settings"
        return left_out.format("before" if added else "now")
    return "it came into the input" if added else "it is not in the input any more"


def why_moved(
    group: Mapping[str, set[str]], parts: Mapping[str, set[str]], before: str, after: str, reset: bool
) -> str:
    """Return why a sentence is in another split.

    Parameters
    ----------
    group : mapping
        Group of the later corpus -> the groups of the earlier one that are in it now.
    parts : mapping
        Group of the earlier corpus -> the groups of the later one that it is in now.
    before, after : str
        Group of the sentence in each.
    reset : bool
        Whether the settings of splits differ.
    """
    if others := sorted(group[after] - {before}):
        more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
        return f"its group {before} is one with {others[0]}{more} now"
    if len(parts[before]) > 1:
        return f"its group {before} fell into {len(parts[before]):,}"
    if reset:
        return "the settings of splits differ"
    return "its group was placed anew: what is around it, or how it is placed, changed"
