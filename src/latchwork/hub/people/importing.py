"""People and codes of a table taken into the house: first as a report of what would be done, then done, each person wholly or not at all.

Layer hub, on store; knows no lock's protocol. No code is in the report, the journal or an error, nor who has one that is taken.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.base.errors import LatchworkError
from latchwork.hub.books import accesses as repository_accesses
from latchwork.hub.books import people as repository_people
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Person
from latchwork.hub.house.observed import Capabilities
from latchwork.hub.house.rule_json import encode_rule
from latchwork.hub.journal.entries import Detail, Entry
from latchwork.hub.people import import_texts as texts
from latchwork.hub.people.import_csv import Column, read_table
from latchwork.hub.people.import_rows import Wanted, digits, folded, read_rows
from latchwork.store.database import ConstraintBroken
from latchwork.store.errors import StoreError

MAX_UNIQUE_ID: Final = 0xFFFF_FFFE


class Result(StrEnum):
    """What became of a line, or would."""

    ADDED = "added"
    EXISTS = "exists"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReport:
    """What became of a line.

    Attributes:
        line: where it is.
        name: of the person, as far as there is one.
        result: in a dry run, what would become of it.
        problem: why it was refused, or empty.
        warnings: what to look at.
    """

    line: int
    name: str
    result: Result
    problem: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a table.

    Attributes:
        rows: of all its lines.
        columns: those that were understood.
        ignored: names of the others.
        persons: how many were added, or would be.
        is_dry_run: nothing was done.
    """

    rows: tuple[RowReport, ...]
    columns: tuple[Column, ...]
    ignored: tuple[str, ...]
    persons: int
    is_dry_run: bool


class _Taken(Exception):
    """Somebody has the code by now."""


class Imports:
    """Takes tables into the house.

    Args:
        desk: the books.
        wake_doors: called with the doors whose locks should hold something else now.
        capabilities: what a lock can do, or None where it has not been read.
    """

    __slots__ = ("_capabilities", "_desk", "_wake_doors")

    def __init__(
        self,
        desk: Desk,
        *,
        wake_doors: Callable[[Iterable[str] | None], None],
        capabilities: Callable[[str], Capabilities | None],
    ) -> None:
        self._desk = desk
        self._wake_doors = wake_doors
        self._capabilities = capabilities

    async def people(self, octets: bytes, *, dry_run: bool, actor: str) -> Report:
        """Everybody in a table whom the house does not have.

        Lines that agree in name, address and number are about one person, who is added with all of them or not at all.

        Args:
            octets: of a CSV file.
            dry_run: only say what would be done.
            actor: who imports.

        Raises:
            CsvRefused: it is no table of people.
            StoreError: the storage failed; who was added before that stays.
        """
        table = read_table(octets)
        house = self._desk.household()
        zone = ZoneInfo(house.site.time_zone)
        rows = read_rows(table, house.doors.values(), zone, self._desk.now(), house.site.code_length)
        rows = [self._fitted(row) for row in rows]
        groups: dict[tuple[str, str, str] | int, list[Wanted]] = {}
        for row in rows:
            groups.setdefault(row.who if row.who[0] else row.line, []).append(row)
        reports: list[RowReport] = []
        taken: set[bytes] = set()
        known = list(house.persons.values())
        persons, doors = 0, set[str]()
        for group in groups.values():
            found = self._judged(group, taken, known)
            if all(each.result is Result.ADDED for each in found):
                if not dry_run:
                    found = await self._add(group, found, actor)
                if found[0].result is Result.ADDED:
                    persons += 1
                    known.append(_as_person(group[0]))
                    taken.update(row.code for row in group if row.code)
                    doors.update(door.id for row in group for door in row.doors)
            reports.extend(found)
        if doors and not dry_run:
            self._wake_doors(doors)
        reports.sort(key=lambda each: each.line)
        return Report(
            rows=tuple(reports), columns=table.columns, ignored=table.ignored, persons=persons, is_dry_run=dry_run
        )

    def _fitted(self, row: Wanted) -> Wanted:
        """With a warning for each door whose lock does not take a code of this length."""
        warnings = list(row.warnings)
        for door in row.doors if row.code else ():
            can = None if door.lock_id is None else self._capabilities(door.lock_id)
            if can is None or not can.kinds.get(CredentialKind.PIN):
                continue
            least, greatest = can.pin_length
            if not least <= len(row.code) <= greatest:
                warnings.append(texts.CODE_LENGTH.format(door=door.name, least=least, greatest=greatest))
        return replace(row, warnings=tuple(warnings))

    def _judged(self, group: Sequence[Wanted], taken: set[bytes], known: Iterable[Person]) -> list[RowReport]:
        """What would become of a person's lines, beside the codes and persons that there are then."""
        alike = [each for each in known if folded(each.name) == group[0].who[0]]
        if any(_is_same(each, group[0]) for each in alike):
            return [
                RowReport(line=row.line, name=row.name, result=Result.EXISTS, problem=row.problem or texts.EXISTS)
                for row in group
            ]
        found = []
        for row in group:
            problem = row.problem
            if not problem and row.code and (row.code in taken or self._desk.secrets.holders(row.code)):
                problem = texts.CODE_TAKEN
            warnings = (*row.warnings, texts.SAME_NAME) if alike else row.warnings
            result = Result.REFUSED if problem else Result.ADDED
            found.append(RowReport(line=row.line, name=row.name, result=result, problem=problem, warnings=warnings))
        if any(each.result is Result.REFUSED for each in found):
            return [replace(each, result=Result.REFUSED, problem=each.problem or texts.OTHER_LINE) for each in found]
        return found

    async def _add(self, group: Sequence[Wanted], found: list[RowReport], actor: str) -> list[RowReport]:
        """Keep a person with all codes and accesses in one write."""
        try:
            await self._desk.write(lambda to: self._put(to, group, actor), lambda entries: entries)
        except _Taken:
            why = texts.CODE_TAKEN
        except ConstraintBroken:
            why = texts.NOT_KEPT.format(why=texts.CHANGED)
        except StoreError:
            raise
        except LatchworkError as error:
            why = texts.NOT_KEPT.format(why=error)
        else:
            return found
        return [replace(each, result=Result.REFUSED, problem=why) for each in found]

    def _put(self, to: sqlite3.Connection, group: Sequence[Wanted], actor: str) -> list[Entry]:
        desk, now = self._desk, self._desk.now()
        new = replace(_as_person(group[0]), id=desk.new_id("person"), unique_id=self._unique_id(to), created_at=now)
        person = repository_people.put_person(to, new)
        entries = [desk.audit(actor, "person_added", person=person, detail={"imported": True})]
        codes: dict[bytes, Credential] = {}
        for code in dict.fromkeys(row.code for row in group if row.code):
            if desk.secrets.holders_on(to, code):
                raise _Taken
            credential = Credential(id=desk.new_id("credential"), person_id=person.id, length=len(code), created_at=now)
            codes[code] = repository_people.put_credential(to, credential)
            desk.secrets.put_on(to, credential.id, credential.version, code)
            entries.append(desk.audit(actor, "credential_added", person=person, credential=credential))
        for row in group:
            if not row.doors:
                continue
            chosen = (codes[row.code].id,) if len(codes) > 1 and row.code else ()
            access = Access(
                id=desk.new_id("access"),
                person_id=person.id,
                door_ids=tuple(door.id for door in row.doors),
                credential_ids=chosen,
                rule=row.rule,
                origin=actor,
                created_at=now,
            )
            access = repository_accesses.put_access(to, access)
            detail: dict[str, Detail] = {
                "access": access.id,
                "doors": list(access.door_ids[:50]),
                "rule": encode_rule(access.rule)[:1000],
            }
            entries.append(desk.audit(actor, "granted", person=person, detail=detail))
        return entries

    def _unique_id(self, to: sqlite3.Connection) -> int:
        while True:
            number = int.from_bytes(self._desk.entropy(4), "big") % MAX_UNIQUE_ID + 1
            if repository_people.person_with_unique_id(to, number) is None:
                return number


def _as_person(row: Wanted) -> Person:
    return Person(id="", name=row.name, unique_id=0, email=row.email, phone=row.phone)


def _is_same(person: Person, row: Wanted) -> bool:
    """Whether somebody of this name is the one that is meant: what both say of how to reach them agrees."""
    email, phone = folded(person.email), digits(person.phone)
    _, wanted_email, wanted_phone = row.who
    if (email and wanted_email and email != wanted_email) or (phone and wanted_phone and phone != wanted_phone):
        return False
    agree = bool(email and email == wanted_email) or bool(phone and phone == wanted_phone)
    return agree or not (wanted_email or wanted_phone) or not (email or phone)
