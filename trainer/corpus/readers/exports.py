"""What labelling tools export, known by its content, as rows of our own.

===============  ==============================================  ==========================================
tool             an object with                                  what is a judgement
===============  ==============================================  ==========================================
Label Studio     ``data`` and ``annotations``                    each annotation that was not cancelled;
                                                                 one without a choice says "no" to all,
                                                                 unless the file asks topic by topic
Argilla          ``fields`` and ``responses``                    each submitted response, user by user;
                                                                 not those of a pending record whose export
                                                                 leaves open which were submitted; no
                                                                 suggestions: they are a machine's
Prodigy          ``answer``, and ``accept`` or ``label``         "accept" and "reject", not "ignore";
                                                                 ``options`` tell which topics were offered
doccano          ``label`` or ``cats``, a list                   a list that names something: examples that
                                                                 nobody opened are exported with an empty one
===============  ==============================================  ==========================================

A label is a topic's name or its title, in any case; `none` says that no topic applies. A question, or a
Label Studio control, that has the name of a topic and is answered yes, no or unknown judges that topic alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from trainer.corpus.readers.rows import FIELDS, NONE, RowError, read_row
from trainer.corpus.readers.source import Record, Source
from trainer.errors import did_you_mean
from trainer.records import Rejection

HUMAN = "human:"
_ANSWERS = ("yes", "no", "unknown")
_NOT_TAKEN_OVER = {"labels", "judged", "unknown", "annotator", "time", "origin"}
_ABOUT = [key for key in FIELDS if key not in _NOT_TAKEN_OVER]

Row = dict[str, Any]


def read_object(value: Row, source: Source, at: str, encoding: str | None) -> Iterator[Record]:
    """Yield the records of one JSON object: a row of our own, or what a labelling tool says of one text."""
    try:
        for row in _rows(value, source):
            if isinstance(row, RowError):
                yield Rejection(at, row.reason, row.detail)
            else:
                read_from = {"format": source.format, "encoding": encoding}
                yield read_row(_in_split(row, source), source.topics, at, source.author, **read_from)
    except RowError as error:
        yield Rejection(at, error.reason, error.detail)


def asks_by_topic(values: Iterable[Any], source: Source) -> bool:
    """Tell whether the tasks of Label Studio among `values` have a control with the name of a topic."""
    topics = source.topics or ()
    return any(region.get("from_name") in topics for value in values for region in _regions(value))


def _regions(value: Any) -> Iterator[Row]:
    tasks = [value] if isinstance(value, dict) and isinstance(value.get("annotations"), list) else []
    for annotation in (one for task in tasks for one in task["annotations"] if isinstance(one, dict)):
        result = annotation.get("result")
        yield from filter(_is_object, result if isinstance(result, list) else ())


def _rows(value: Row, source: Source) -> Iterator[Row | RowError]:
    match value:
        case {"data": dict(), "annotations": list()}:
            yield from _label_studio(value, source)
        case {"fields": dict(), "responses": _}:
            yield from _argilla(value, source)
        case {"answer": "accept" | "reject" | "ignore", **rest} if {"accept", "label", "options"} & {*rest}:
            yield _prodigy(value, source)
        case {"label": list()} | {"cats": list()}:
            yield _doccano(value, source)
        case _:
            yield value


def _in_split(row: Row, source: Source) -> Row:
    return row if source.split is None or row.get("split") else {**row, "split": source.split}


# -- the tools --------------------------------------------------------------------------------------------


def _label_studio(task: Row, source: Source) -> Iterator[Row | RowError]:
    base = _about(task["data"], task.get("meta"))
    if source.topics is None or not task["annotations"]:
        yield base
        return
    for annotation in task["annotations"]:
        try:
            yield {**base, **_annotation(annotation, source)}
        except RowError as error:
            yield error


def _annotation(annotation: Any, source: Source) -> Row:
    if not isinstance(annotation, dict) or not isinstance(annotation.get("result", []), list):
        raise RowError("bad_labels", "an annotation must be an object with a 'result' list")
    if annotation.get("was_cancelled") or annotation.get("skipped"):
        raise RowError("not_judged", "the annotation was skipped or cancelled")
    answers: dict[str, list[str]] = {}
    for region in annotation.get("result", []):
        value = region.get("value") if isinstance(region, dict) else None
        if isinstance(value, dict) and "choices" in value:
            control = region.get("from_name")
            answers.setdefault(control if isinstance(control, str) else "", []).extend(
                _strings(value["choices"], "choices")
            )
    if not answers and source.by_topic:
        raise RowError("not_judged", "no question was answered")
    time = annotation.get("updated_at") or annotation.get("created_at")
    return {"labels": _judged(answers, source), "annotator": _annotator(annotation), "time": time}


def _annotator(annotation: Row) -> str | None:
    """Return who annotated: the account, else whom this package's own export names beside an answer."""
    person = annotation.get("completed_by")
    if isinstance(person, dict):
        person = person.get("email") or person.get("username") or person.get("id")
    if person is not None:
        return _person(person)
    for region in filter(_is_object, annotation.get("result", [])):
        match region.get("meta"):
            case {"text": [str(name), *_]} if name.startswith(HUMAN):
                return name
    return None


def _argilla(record: Row, source: Source) -> Iterator[Row | RowError]:
    base = _about(record["fields"], record.get("metadata"))
    base.setdefault("id", record.get("id"))
    if base["id"] is None:
        del base["id"]
    unsaid = "pending" if record.get("status") == "pending" else "submitted"
    said = list(_responses(record["responses"], unsaid))
    if source.topics is None or not said:
        yield base
        return
    people: dict[Any, dict[str, Any]] = {}
    for user, question, status, answer in said:
        if status == "submitted" and answer is not None:
            people.setdefault(_person(user), {})[question] = answer
    if not people:
        yield RowError("not_judged", "no response was submitted, or the export does not say which")
    for user, answers in people.items():
        try:
            yield {**base, "labels": _answered(answers, source), "annotator": user}
        except RowError as error:
            yield error


def _responses(responses: Any, unsaid: str) -> Iterator[tuple[Any, str, str, Any]]:
    """Yield user, question, status and answer: of today's exports by question, of older ones by user.

    `unsaid` is the status of a response that has none.
    """
    match responses:
        case dict():
            for question, answers in responses.items():
                for answer in filter(_is_object, answers if isinstance(answers, list) else ()):
                    status = str(answer.get("status") or unsaid)
                    yield answer.get("user_id"), question, status, answer.get("value")
        case list():
            for one in filter(_is_object, responses):
                values = one.get("values")
                for question, answer in values.items() if isinstance(values, dict) else ():
                    value = answer.get("value") if isinstance(answer, dict) else answer
                    yield one.get("user_id"), question, str(one.get("status") or unsaid), value
        case None:
            return
        case _:
            raise RowError("bad_labels", f"'responses' must be an object, got {type(responses).__name__}")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _answered(answers: Mapping[str, Any], source: Source) -> Row:
    """Return the labels of one person; answers in free text are no labels where others are lists."""
    lists = {key: value for key, value in answers.items() if isinstance(value, list)}
    asked = {key: value for key, value in answers.items() if _topic(key, source) and isinstance(value, str)}
    if lists or asked:
        chosen = {key: _strings(value, key) for key, value in lists.items()}
        return _judged({**chosen, **{key: [value] for key, value in asked.items()}}, source)
    single = [value for value in answers.values() if isinstance(value, str)]
    if not single:
        raise RowError("bad_labels", "no response is a label or a list of labels")
    # One answer was allowed, so the other topics were not judged.
    return {_known(name, source): "yes" for name in single}


def _prodigy(task: Row, source: Source) -> Row:
    row = _about(task, task.get("meta"))
    if source.topics is None:
        return row
    if task["answer"] == "ignore":
        raise RowError("not_judged", "the answer is 'ignore'")
    about = {"annotator": _person(task.get("_annotator_id") or task.get("_session_id"))}
    about["time"] = _moment(task.get("_timestamp"))
    if isinstance(label := task.get("label"), str):
        answer = "yes" if task["answer"] == "accept" else "no"
        return {**row, **about, "labels": {_known(label, source): answer}}
    if task["answer"] == "reject":
        raise RowError("not_judged", "the task with its options was rejected")
    return {**row, **about, "labels": _chosen(task, source)}


def _chosen(task: Row, source: Source) -> Row:
    """Return "yes" for the options that were accepted and "no" for the others that were offered."""
    options = task.get("options", [])
    if not isinstance(options, list) or not all(isinstance(option, dict) for option in options):
        raise RowError("bad_labels", "'options' must be a list of objects")
    accepted = task.get("accept", [])
    if not isinstance(accepted, list):
        raise RowError("bad_labels", "'accept' must be a list")
    names = {str(option.get("id")): _option(option, source) for option in options}
    yes = [names.get(str(choice)) or _known(choice, source) for choice in accepted if not _none(choice)]
    offered = [name for name in names.values() if name] or list(source.topics or ())
    return {**dict.fromkeys(offered, "no"), **dict.fromkeys(yes, "yes")}


def _option(option: Row, source: Source) -> str | None:
    """Return the topic that an option stands for, by its id or by its text."""
    for name in (option.get("id"), option.get("text")):
        if topic := _topic(name, source):
            return topic
    if _none(option.get("id")) or _none(option.get("text")):
        return None
    return _known(option.get("text") or option.get("id"), source)


def _doccano(example: Row, source: Source) -> Row:
    row = _about({**example, "text": example.get("text", example.get("data"))}, None)
    labels = _strings(example.get("label", example.get("cats")), "label")
    if source.topics is None:
        return row
    if not labels:
        raise RowError("not_judged", "no label: doccano exports what nobody opened in the same way")
    return {**row, "labels": _judged({"": labels}, source), "annotator": example.get("username")}


# -- what they share --------------------------------------------------------------------------------------


def _about(data: Mapping[str, Any], more: Any) -> Row:
    """Return text and metadata as a row has them; what is no plain value in `more` is passed over."""
    row = {key: data[key] for key in _ABOUT if data.get(key) is not None}
    if "text" not in row:
        texts = [value for value in data.values() if isinstance(value, str)]
        row |= {"text": texts[0]} if len(texts) == 1 else {}
    if isinstance(more, dict):
        plain = {key: more[key] for key in _ABOUT if isinstance(more.get(key), str) and key not in row}
        row |= {key: value for key, value in plain.items() if key != "text"}
    return row


def _judged(answers: Mapping[str, list[str]], source: Source) -> Row:
    """Return labels from chosen names: complete, or topic by topic where the question is a topic's own."""
    own = {key: topic for key in answers if (topic := _topic(key, source)) and _is_answer(answers[key])}
    labels = {topic: answers[key][0].strip().lower() for key, topic in own.items()}
    if own and len(own) == len(answers):
        return labels
    names = [name for key, chosen in answers.items() if key not in own for name in chosen]
    yes = [_known(name, source) for name in names if not _none(name)]
    return {**dict.fromkeys(source.topics or (), "no"), **labels, **dict.fromkeys(yes, "yes")}


def _is_answer(chosen: list[str]) -> bool:
    return len(chosen) == 1 and chosen[0].strip().lower() in _ANSWERS


def _topic(label: Any, source: Source) -> str | None:
    topics = source.topics or ()
    if not isinstance(label, str) or label in topics:
        return label if isinstance(label, str) else None
    plain = _plain(label)
    return next((t for t in topics if plain in (_plain(t), _plain(source.titles.get(t, t)))), None)


def _known(label: Any, source: Source) -> str:
    topic = _topic(label, source)
    if topic is None:
        known = did_you_mean(str(label), source.topics or ())
        raise RowError("unknown_topic", f"unknown topic {label!r}. {known}")
    return topic


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


def _none(label: Any) -> bool:
    return isinstance(label, str) and label.strip().lower() == NONE


def _strings(value: Any, key: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise RowError("bad_labels", f"'{key}' must be a list of labels")
    return value


def _person(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _moment(seconds: Any) -> str | None:
    """Return seconds since 1970 as a time that can be read."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        raise RowError("bad_field", f"'_timestamp' is no time: {seconds!r}") from None
