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
from typing import Any

from trainer.corpus.labels import HUMAN
from trainer.corpus.readers.headers import missing_text
from trainer.corpus.readers.labelling import (
    Row,
    about_text,
    is_none,
    judged,
    known_topic,
    moment,
    person_name,
    strings,
    topic_of,
)
from trainer.corpus.readers.rows import RowError, read_row
from trainer.corpus.readers.source import Record, Source
from trainer.records import Rejection


def read_object(value: Row, source: Source, at: str, encoding: str | None) -> Iterator[Record]:
    """Yield the records of one JSON object: a row of our own, or what a labelling tool says of one text."""
    try:
        for row in _rows(source.ours(value), value, source):
            if isinstance(row, RowError):
                yield Rejection(at, row.reason, row.detail)
            else:
                read_from: dict[str, Any] = {"format": source.format, "encoding": encoding}
                read_from["open_topics"] = source.open_topics
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


def _rows(value: Row, written: Row, source: Source) -> Iterator[Row | RowError]:
    match value:
        case {"data": dict(), "annotations": list()}:
            yield from _label_studio(value, source)
        case {"fields": dict(), "responses": _}:
            yield from _argilla(value, source)
        case {"answer": "accept" | "reject" | "ignore", **rest} if {"accept", "label", "options"} & {*rest}:
            yield _prodigy(value, source)
        case {"label": list()} | {"cats": list()}:
            yield _doccano(value, source)
        case _ if written and not {"text", "doc_id"} & value.keys():  # that may tell a place
            yield RowError("no_text", missing_text(written, source, "key"))
        case _:
            yield value


def _in_split(row: Row, source: Source) -> Row:
    return row if source.split is None or row.get("split") else {**row, "split": source.split}


# -- the tools --------------------------------------------------------------------------------------------


def _label_studio(task: Row, source: Source) -> Iterator[Row | RowError]:
    base = about_text(task["data"], task.get("meta"))
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
                strings(value["choices"], "choices")
            )
    if not answers and source.by_topic:
        raise RowError("not_judged", "no question was answered")
    time = annotation.get("updated_at") or annotation.get("created_at")
    return {"labels": judged(answers, source), "annotator": _annotator(annotation), "time": time}


def _annotator(annotation: Row) -> str | None:
    """Return who annotated: the account, else whom this package's own export names beside an answer."""
    account = annotation.get("completed_by")
    if isinstance(account, dict):
        account = account.get("email") or account.get("username") or account.get("id")
    if account is not None:
        return person_name(account)
    for region in filter(_is_object, annotation.get("result", [])):
        match region.get("meta"):
            case {"text": [str(name), *_]} if name.startswith(HUMAN):
                return name
    return None


def _argilla(record: Row, source: Source) -> Iterator[Row | RowError]:
    base = about_text(record["fields"], record.get("metadata"))
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
            people.setdefault(person_name(user), {})[question] = answer
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
    asked = {key: value for key, value in answers.items() if topic_of(key, source) and isinstance(value, str)}
    if lists or asked:
        chosen = {key: strings(value, key) for key, value in lists.items()}
        return judged({**chosen, **{key: [value] for key, value in asked.items()}}, source)
    single = [value for value in answers.values() if isinstance(value, str)]
    if not single:
        raise RowError("bad_labels", "no response is a label or a list of labels")
    # One answer was allowed, so the other topics were not judged.
    return {known_topic(name, source): "yes" for name in single}


def _prodigy(task: Row, source: Source) -> Row:
    row = about_text(task, task.get("meta"))
    if source.topics is None:
        return row
    if task["answer"] == "ignore":
        raise RowError("not_judged", "the answer is 'ignore'")
    about = {"annotator": person_name(task.get("_annotator_id") or task.get("_session_id"))}
    about["time"] = moment(task.get("_timestamp"))
    if isinstance(label := task.get("label"), str):
        answer = "yes" if task["answer"] == "accept" else "no"
        return {**row, **about, "labels": {known_topic(label, source): answer}}
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
    yes = [
        names.get(str(choice)) or known_topic(choice, source) for choice in accepted if not is_none(choice)
    ]
    offered = [name for name in names.values() if name] or list(source.topics or ())
    return {**dict.fromkeys(offered, "no"), **dict.fromkeys(yes, "yes")}


def _option(option: Row, source: Source) -> str | None:
    """Return the topic that an option stands for, by its id or by its text."""
    for name in (option.get("id"), option.get("text")):
        if topic := topic_of(name, source):
            return topic
    if is_none(option.get("id")) or is_none(option.get("text")):
        return None
    return known_topic(option.get("text") or option.get("id"), source)


def _doccano(example: Row, source: Source) -> Row:
    row = about_text({**example, "text": example.get("text", example.get("data"))}, None)
    labels = strings(example.get("label", example.get("cats")), "label")
    if source.topics is None:
        return row
    if not labels:
        raise RowError("not_judged", "no label: doccano exports what nobody opened in the same way")
    return {**row, "labels": judged({"": labels}, source), "annotator": example.get("username")}
