"""What went wrong, said as RFC 9457 `application/problem+json`: one table of kinds, one error type.

Knows nothing of orders; whoever raises a `Problem` has already left out a customer's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from serving import logs

MAX_ERRORS = 20  # wrong fields named in one answer; more would bury the first


@dataclass(frozen=True)
class ProblemKind:
    """One kind of problem: its HTTP status, its title, and what a caller can do about it."""

    status: int
    title: str
    what_to_do: str


KINDS: dict[str, ProblemKind] = {
    "malformed-json": ProblemKind(
        400, "The body is not JSON", "Send one JSON value in UTF-8; NaN and Infinity are not JSON."
    ),
    "invalid-request": ProblemKind(
        422, "The request breaks the contract", "Correct the named fields; nothing was stored."
    ),
    "unauthorized": ProblemKind(
        401,
        "A key is needed",
        "Send `Authorization: Bearer KEY`; `riskradar keys add NAME` makes one.",
    ),
    "forbidden": ProblemKind(
        403,
        "The key does not reach this",
        "Use a key with the scope and the shop that the detail names.",
    ),
    "not-found": ProblemKind(404, "There is nothing here", "See /openapi.json for what there is."),
    "method-not-allowed": ProblemKind(
        405, "The path does not take this method", "See /openapi.json for the methods of each path."
    ),
    "too-large": ProblemKind(
        413, "The body is too large", "Send fewer orders at once, or use `riskradar ingest`."
    ),
    "not-ready": ProblemKind(
        503, "The service cannot score yet", "See /readyz for the dependency that is missing."
    ),
    "internal-error": ProblemKind(
        500, "Something failed on our side", "Try again; the log holds the place it failed at."
    ),
}


class FieldError(msgspec.Struct, frozen=True):
    """One wrong place of a request: where (`orders[3].placed_at`), what came, what was expected."""

    path: str
    got: str
    expected: str


class ProblemBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every answer that is an error."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...] = ()


class Problem(Exception):
    """An answer that is an error; `kind` is a key of `KINDS`."""

    def __init__(self, kind: str, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors[:MAX_ERRORS])

    @property
    def status(self) -> int:
        """The HTTP status of this problem."""
        return KINDS[self.kind].status


def refused(errors: Sequence[FieldError]) -> Problem:
    """The problem of a request that breaks the contract at those places."""
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    where = f"{first.path}: " if first.path else ""
    detail = f"{where}expected {first.expected}, got {first.got}{more}. Nothing was stored."
    return Problem("invalid-request", detail, errors)


def respond(problem: Problem) -> Response:
    """The problem as an answer."""
    kind = KINDS[problem.kind]
    body = ProblemBody(
        type=f"/problems/{problem.kind}",
        title=kind.title,
        status=kind.status,
        detail=problem.detail,
        errors=problem.errors,
    )
    answer = Response(
        msgspec.json.encode(body), status=kind.status, content_type="application/problem+json"
    )
    if problem.kind == "unauthorized":
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def from_http(error: HTTPException) -> Problem:
    """A problem for what the web framework refused by itself (404, 405, 413 and their like)."""
    if isinstance(error, RequestEntityTooLarge):
        return Problem("too-large", "The body is longer than this service reads at once.")
    by_status = {kind.status: name for name, kind in KINDS.items()}
    name = by_status.get(error.code or 500, "invalid-request" if _theirs(error) else None)
    return Problem(name or "internal-error", f"{error.name}.")


def _theirs(error: HTTPException) -> bool:
    return 400 <= (error.code or 500) < 500


def install(app: Flask) -> None:
    """Answer every error of the app with a problem; what we did not foresee is logged first."""
    app.register_error_handler(Problem, respond)

    def framework(error: HTTPException) -> Response:
        return respond(from_http(error))

    def unforeseen(error: Exception) -> Response:
        logs.failure("request failed", error)
        return respond(Problem("internal-error", "The request could not be answered."))

    app.register_error_handler(HTTPException, framework)
    app.register_error_handler(Exception, unforeseen)
