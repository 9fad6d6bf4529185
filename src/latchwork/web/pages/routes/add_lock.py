"""Adding a lock, the first half of its path: its code, its door, and each step of its joining.

Layer web. The code is in no address: what was scanned or typed is kept aside under an opaque id until the lock has joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from latchwork.base.errors import LatchworkError
from latchwork.controller import CommissioningFailed, Step
from latchwork.hub.house.entities import Door
from latchwork.hub.status import vendor_name
from latchwork.matter.onboarding import CodeProblem, CommissioningFlow, OnboardingCodeError, SetupPayload
from latchwork.web.adding import Adding, read_setup_code
from latchwork.web.api import locks as api
from latchwork.web.api.locks import NewLock
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.jobs import Job, JobState
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.telling_jobs import has_joined, steps_of
from latchwork.web.pages.texts import Texts
from latchwork.web.pages.validating import checked
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem, invalid, problem_of
from latchwork.web.qr_reading import MAX_OCTETS, NotAPicture
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
MODELS: Final = ("u400", "u200", "u300", "a100", "u100", "other")
"""Of whose printed codes there is something to say."""
NAMES: Final = ("front", "back", "garage", "garden", "cellar", "office")
"""Doors that many houses have."""
_AT_ONCE_S: Final = 1.5
"""A failure that comes sooner is an answer, not a silence."""
_UNDOES: Final = frozenset(Step) - {Step.FIND, Step.PASE, Step.READ, Step.COMPLETE}
"""Steps after which the lock has something to undo, and does so."""


# The code


@router.get("/add-lock")
@needs(Scope.LOCKS_WRITE)
async def code_page(request: Request, web: Web, who: Who, door: str = "", adding: str = "") -> Response:
    """Scan the code, or type it."""
    earlier = web.adding.get(adding, who.actor) if adding else None
    return _code_page(request, web, door=earlier.door_id if earlier else door, adding=earlier.id if earlier else "")


def _code_page(
    request: Request, web: Context, *, door: str, adding: str = "", problem: Problem | None = None, typed: str = ""
) -> Response:
    doors = {each.id: each for each in web.house.repository.doors() if each.lock_id is None}
    return render(
        request,
        "add_lock.html",
        status=problem.status if problem else 200,
        is_secret=True,
        problem=problem,
        typed=typed,
        door=doors.get(door),
        adding=adding,
        models=MODELS,
    )


@router.post("/add-lock")
@needs(Scope.LOCKS_WRITE)
async def take_code(request: Request, form: Form, web: Web, who: Who) -> Response:
    """A code that was typed, or a photograph of one."""
    typed, texts = form.text("setup_code")[:1000], said(request)
    try:
        code, payload = await _code_of(web, form, typed, texts)
    except (Problem, LatchworkError) as error:
        problem = _as_said(error, texts)
        return _code_page(
            request, web, door=form.text("door"), adding=form.text("adding"), problem=problem, typed=typed
        )
    adding = web.adding.get(form.text("adding"), who.actor) or web.adding.begin(
        who.actor, _free(web, form.text("door"))
    )
    adding.code, adding.payload, adding.job_id = code, payload, ""
    return see(request, f"/add-lock/{adding.id}")


async def _code_of(web: Context, form: Fields, typed: str, texts: Texts) -> tuple[str, SetupPayload]:
    photo = form.file("photo")
    if photo is None:
        return read_setup_code(typed)
    found = await web.pictures.read(await photo.read(MAX_OCTETS + 1))
    failure: OnboardingCodeError | None = None
    for text in found:
        try:
            return read_setup_code(text)
        except OnboardingCodeError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    if typed:
        return read_setup_code(typed)
    raise Problem(422, "no_code_found", texts.say("add_lock.no_code_seen"), texts.say("add_lock.no_code_seen.more"))


def _as_said(error: Exception, texts: Texts) -> Problem:
    """What is wrong with a code, never the code itself."""
    if isinstance(error, OnboardingCodeError | NotAPicture):
        said_so = str(error)
        detail = error.advice
        if isinstance(error, OnboardingCodeError) and error.kind is CodeProblem.HOMEKIT:
            detail = texts.say("add_lock.homekit")
        return Problem(422, "not_a_setup_code", said_so[:1].upper() + said_so[1:], detail)
    return problem_of(error)


@router.post("/add-lock/check")
@needs(Scope.LOCKS_WRITE)
async def check_code(request: Request, form: Form) -> Response:
    """What is to be said of a code while it is typed. Sent as a form, since addresses are kept in many places."""
    texts = said(request)
    try:
        _, payload = read_setup_code(form.text("setup_code")[:1000])
    except OnboardingCodeError as error:
        is_begun = error.kind in {CodeProblem.EMPTY, CodeProblem.WRONG_LENGTH} and "too many" not in error.advice
        problem = _as_said(error, texts)
        text = error.advice if is_begun else f"{problem.title}. {problem.detail}"
        return JSONResponse({"state": "typing" if is_begun else "wrong", "text": text})
    return JSONResponse({"state": "right", "text": _what_it_says(payload, texts)})


def _what_it_says(payload: SetupPayload, texts: Texts) -> str:
    maker = vendor_name(payload.vendor_id or 0)
    return texts.say("add_lock.right_of", maker=maker) if maker else texts.say("add_lock.right")


# The door


def _free(web: Context, door_id: str) -> str:
    """The door if it is there and has no lock, or nothing."""
    return next((each.id for each in web.house.repository.doors() if each.id == door_id and each.lock_id is None), "")


def _adding(web: Context, who: Principal, adding_id: str, texts: Texts) -> Adding:
    found = web.adding.get(adding_id, who.actor)
    if found is None:
        raise Problem(404, "adding_forgotten", texts.say("add_lock.forgotten"), texts.say("add_lock.forgotten.more"))
    return found


@router.get("/add-lock/{adding_id}")
@needs(Scope.LOCKS_WRITE)
async def adding_page(adding_id: Id, request: Request, web: Web, who: Who) -> Response:
    """Where it is: which door, or how far the lock has come."""
    adding = web.adding.get(adding_id, who.actor)
    if adding is None:
        return see(request, "/add-lock", said(request).say("add_lock.forgotten"), is_bad=True)
    job = web.jobs.get(adding.job_id) if adding.job_id else None
    if job is None:
        return _door_page(request, web, adding)
    return _steps_page(request, web, adding, job)


def _door_page(request: Request, web: Context, adding: Adding, problem: Problem | None = None) -> Response:
    texts = said(request)
    doors: list[Door] = web.house.repository.doors()
    taken = {each.name.casefold() for each in doors}
    names = [name for name in (texts.say(f"add_lock.name.{each}") for each in NAMES) if name.casefold() not in taken]
    free = [each for each in doors if each.lock_id is None]
    if adding.door_id not in {each.id for each in free}:
        adding.door_id = ""
    payload = adding.payload
    return render(
        request,
        "add_lock_door.html",
        status=problem.status if problem else 200,
        problem=problem,
        adding=adding,
        names=names,
        free=free,
        chosen=adding.door_id or adding.door_name or (names[0] if names else "other"),
        what=_what_it_says(payload, texts) if payload else "",
        is_custom=payload is not None and payload.commissioning_flow is CommissioningFlow.CUSTOM,
    )


@router.post("/add-lock/{adding_id}")
@needs(Scope.LOCKS_WRITE)
async def begin(adding_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """The door has a name: the lock may join."""
    adding = _adding(web, who, adding_id, said(request))
    chosen = form.text("door")
    free = _free(web, chosen)
    name = form.text("door_name") if chosen in {"other", ""} else chosen
    adding.door_id, adding.door_name = (free, "") if free else ("", name[:100])
    if not free and not name:
        return _door_page(request, web, adding, invalid("/door_name", said(request).say("add_lock.name_missing")))
    return await _try(request, web, who, adding)


@router.post("/add-lock/{adding_id}/again")
@needs(Scope.LOCKS_WRITE)
async def begin_again(adding_id: Id, request: Request, web: Web, who: Who) -> Response:
    """The same once more, with nothing typed again."""
    return await _try(request, web, who, _adding(web, who, adding_id, said(request)))


async def _try(request: Request, web: Context, who: Principal, adding: Adding) -> Response:
    here = f"/add-lock/{adding.id}"
    job = web.jobs.get(adding.job_id) if adding.job_id else None
    if job is not None and job.state is not JobState.FAILED:
        return see(request, here)  # sent twice, or it is done
    if not adding.code:
        return see(request, "/add-lock", said(request).say("add_lock.forgotten"), is_bad=True)
    try:
        body = checked(
            NewLock, setup_code=adding.code, door_name=adding.door_name or None, door_id=adding.door_id or None
        )
        begun = await api.add_lock(Response(), body, web, who)
    except (Problem, LatchworkError) as error:
        return _door_page(request, web, adding, problem_of(error))
    adding.job_id = begun.id
    return see(request, here)


# The steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a lock did not join, as a page says it.

    Attributes:
        what: at which step it stopped, and how soon.
        seen: what was seen.
        advice: what to do next.
        state: what is left on the lock.
        facts: what the lock had said by then.
    """

    what: str
    seen: str
    advice: str
    state: str
    facts: tuple[tuple[str, str], ...] = ()


def _steps_page(request: Request, web: Context, adding: Adding, job: Job) -> Response:
    texts = said(request)
    values: dict[str, Any] = {"failure": None, "door": None, "lock": None}
    if job.state is JobState.DONE:
        adding.code, adding.payload = "", None
        values["lock"] = web.house.repository.lock(job.result["lock_id"])
        values["door"] = web.house.repository.door_of_lock(job.result["lock_id"])
    elif job.state is JobState.FAILED:
        values["failure"] = failure_of(job, texts)
    name = adding.door_name or next((d.name for d in web.house.repository.doors() if d.id == adding.door_id), "")
    return render(
        request,
        "add_lock_steps.html",
        adding=adding,
        job=job,
        steps=steps_of(job),
        joined=has_joined(job),
        name=name,
        **values,
    )


def failure_of(job: Job, texts: Texts) -> Failure:
    """What to say of a job that failed, in the words of its error."""
    error, took = job.error, steps_of(job)[-1].seconds if job.steps else None
    step = job.steps[-1] if job.steps else ""
    what = texts.say("add_lock.stopped_at", step=texts.word("step", step)) if step else texts.say("add_lock.not_begun")
    if took is not None:
        key = "add_lock.at_once" if took < _AT_ONCE_S else "add_lock.after"
        what = f"{what} {texts.say(key, seconds=f'{took:.0f}')}"
    if has_joined(job):
        return Failure(what=what, seen=_seen(job), advice=texts.say("add_lock.joined.more"), state="")
    if not isinstance(error, CommissioningFailed):
        return Failure(what=what, seen=_seen(job), advice=getattr(error, "advice", ""), state="")
    facts = [
        (texts.say(f"add_lock.fact.{name}"), str(error.facts[name]))
        for name in ("product_name", "software_version", "commissioned_fabrics")
        if error.facts.get(name) not in {None, ""}
    ]
    state = texts.say("add_lock.undone") if error.step in _UNDOES else ""
    if error.step in {Step.FIND, Step.PASE, Step.READ}:
        state = texts.say("add_lock.untouched")
    return Failure(what=what, seen=_sentence(str(error.cause)), advice=error.advice, state=state, facts=tuple(facts))


def _seen(job: Job) -> str:
    if isinstance(job.error, LatchworkError):
        return _sentence(str(job.error))
    return "" if job.problem is None else f"{job.problem.title}. {job.problem.detail}".strip()


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "." if text else ""
