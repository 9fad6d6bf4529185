"""A register told once more, with plain dictionaries and linear searches: slow, dumb, and without a line of the product."""

PROGRAMMING_PIN, PIN, EVICTABLE, LASTING = 0, 1, 7, 8
USER, WEEK, YEAR, HOLIDAY = 2, 3, 4, 5
DATA = {0: 1, 1: 6, 2: 7, 3: 8, 4: 9, 5: 10, 6: 11, 7: 12, 8: 13}
ADD, CLEAR, MODIFY = 0, 1, 2
ALL = 0xFFFE


class No(Exception):
    """The oracle's refusal, by the problem's name."""


class Plain:
    """Users, credentials, schedules and holidays as dictionaries of dictionaries.

    A change returns what has happened as (kind of data, change, user index, data index), or raises `No`.
    """

    def __init__(self, users, per_user, kinds, lengths, schedules):
        self.size, self.per_user, self.kinds, self.lengths, self.schedules = users, per_user, kinds, lengths, schedules
        self.users, self.credentials, self.week, self.year, self.days = {}, {}, {}, {}, {}

    def set_user(self, op, index, fabric, name, unique_id, status, kind, rule):
        fits = name is None or len(name.encode()) <= 10
        if not 1 <= index <= self.size or not fits or not self.may_be(status, kind) or rule not in (None, 0, 1, 2):
            raise No("INVALID")
        if op == ADD and index in self.users:
            raise No("OCCUPIED")
        if op == ADD:
            self.users[index] = self.person(fabric, status, kind) | {
                "name": name or "",
                "unique_id": 0xFFFFFFFF if unique_id is None else unique_id,
                "rule": rule or 0,
            }
            return [(USER, ADD, index, index)]
        if op != MODIFY or index not in self.users:
            raise No("INVALID")
        user = self.users[index]
        if (name, unique_id) != (None, None) and fabric not in (None, user["creator"]):
            raise No("INVALID")
        before = (user["status"], user["type"])
        given = {"name": name, "unique_id": unique_id, "status": status, "type": kind, "rule": rule}
        user.update({key: value for key, value in given.items() if value is not None}, modifier=fabric)
        if (user["status"], user["type"]) != before:
            user["expires_at"] = None
        return [(USER, MODIFY, index, index)]

    def clear_user(self, index):
        if index != ALL and not 1 <= index <= self.size:
            raise No("INVALID")
        going = [each for each in self.users if index in (each, ALL)]
        for each in going:
            self.drop(each)
        return [(USER, CLEAR, index, index)] if going else []

    def set_credential(self, op, kind, index, secret, fabric, user_index, status, user_type):
        if kind not in self.kinds:
            raise No("UNSUPPORTED")
        least, most = self.lengths.get(kind, (1, 255))
        if index not in self.places(kind) or not least <= len(secret) <= most:
            raise No("INVALID")
        same = [at for at, each in self.credentials.items() if at[0] == kind and each["secret"] == secret]
        if kind != PROGRAMMING_PIN and any(at != (kind, index) for at in same):
            raise No("DUPLICATE")
        if not self.may_be(status, user_type) or op not in (ADD, MODIFY):
            raise No("INVALID")
        if op == ADD:
            return self.add(kind, index, secret, fabric, user_index, status, user_type)
        there = self.credentials.get((kind, index))
        if there is None or fabric not in (None, there["creator"]):
            raise No("INVALID")
        if user_index is None and kind != PROGRAMMING_PIN:
            raise No("INVALID")
        if user_index is not None:
            if (status, user_type) != (None, None) or there["user"] != user_index:
                raise No("INVALID")
            if fabric not in (None, self.users[user_index]["creator"]):
                raise No("INVALID")
            self.users[user_index]["modifier"] = fabric
        there.update(secret=secret, modifier=fabric)
        return [(DATA[kind], MODIFY, there["user"], index or None)]

    def add(self, kind, index, secret, fabric, user_index, status, user_type):
        if (kind, index) in self.credentials:
            raise No("OCCUPIED")
        if user_type == 3:
            raise No("INVALID")
        endpoint = [at for at in self.credentials if at[0] in (EVICTABLE, LASTING)]
        if kind in (EVICTABLE, LASTING) and len(endpoint) >= self.kinds[kind]:
            raise No("EXHAUSTED")
        told = []
        if user_index is None:
            free = [each for each in range(1, self.size + 1) if each not in self.users]
            if not free:
                raise No("OCCUPIED")
            user_index = free[0]
            self.users[user_index] = self.person(fabric, status, user_type)
            told = [(USER, ADD, user_index, user_index)]
        elif (status, user_type) != (None, None) or not self.may_touch(fabric, user_index):
            raise No("INVALID")
        elif len(self.of(user_index)) >= self.per_user:
            raise No("EXHAUSTED")
        self.users[user_index]["modifier"] = fabric
        made = {"secret": secret, "user": user_index, "creator": fabric, "modifier": fabric}
        self.credentials[kind, index] = made
        return [*told, (DATA[kind], ADD, user_index, index or None)]

    def clear_credential(self, kind, index, fabric):
        if kind is None:
            kinds = [each for each in self.kinds if each != PROGRAMMING_PIN]
            return [told for each in kinds for told in self.clear_credential(each, ALL, fabric)]
        if kind not in self.kinds or kind == PROGRAMMING_PIN or (index != ALL and index not in self.places(kind)):
            raise No("INVALID")
        going = sorted(at for at in self.credentials if at[0] == kind and index in (at[1], ALL))
        told = [(DATA[kind], CLEAR, self.credentials[at]["user"], index) for at in going if index != ALL]
        for at in going:
            owner = self.credentials[at]["user"]
            if len(self.of(owner)) == 1:
                self.drop(owner)
                told.append((USER, CLEAR, owner, owner))
            else:
                del self.credentials[at]
                self.users[owner]["modifier"] = fabric
        return [*told, (DATA[kind], CLEAR, ALL, ALL)] if going and index == ALL else told

    def set_schedule(self, table, user_index, index, value, is_right, fabric):
        self.look(user_index, index)
        if not is_right:
            raise No("INVALID")
        told = []
        if self.users[user_index]["type"] == 0:
            self.users[user_index].update(type=8, modifier=fabric)
            told = [(USER, MODIFY, user_index, user_index)]
        entries = {WEEK: self.week, YEAR: self.year}[table]
        op = MODIFY if (user_index, index) in entries else ADD
        entries[user_index, index] = value
        return [*told, (table, op, user_index, index)]

    def clear_schedule(self, table, user_index, index):
        self.look(user_index, 1 if index == 0xFE else index)
        entries = {WEEK: self.week, YEAR: self.year}[table]
        going = [at for at in entries if at[0] == user_index and index in (at[1], 0xFE)]
        for at in going:
            del entries[at]
        return [(table, CLEAR, user_index, ALL if index == 0xFE else index)] if going else []

    def set_holiday(self, index, value, is_right):
        if not 1 <= index <= self.schedules or not is_right:
            raise No("INVALID")
        op = MODIFY if index in self.days else ADD
        self.days[index] = value
        return [(HOLIDAY, op, None, index)]

    def clear_holiday(self, index):
        if index != 0xFE and not 1 <= index <= self.schedules:
            raise No("INVALID")
        going = [each for each in self.days if index in (each, 0xFE)]
        for each in going:
            del self.days[each]
        return [(HOLIDAY, CLEAR, None, ALL if index == 0xFE else index)] if going else []

    def fabric_removed(self, fabric):
        for entry in (*self.users.values(), *self.credentials.values()):
            for role in ("creator", "modifier"):
                if entry[role] == fabric:
                    entry[role] = 0

    def used(self, index, now, timeout_s):
        user = self.users.get(index)
        if user and user["type"] == 6 and user["status"] == 1:
            user["status"] = 3
            return [(USER, MODIFY, index, index)]
        if user and user["type"] == 7 and user["expires_at"] is None:
            user["expires_at"] = now + timeout_s
        return []

    def expire(self, now):
        over = sorted(
            index for index, user in self.users.items() if user["expires_at"] is not None and user["expires_at"] <= now
        )
        for index in over:
            self.users[index].update(status=3, expires_at=None)
        return [(USER, MODIFY, index, index) for index in over]

    def person(self, fabric, status, kind):
        return {
            "name": "",
            "unique_id": 0xFFFFFFFF,
            "status": status or 1,
            "type": kind or 0,
            "rule": 0,
            "creator": fabric,
            "modifier": fabric,
            "expires_at": None,
        }

    def may_be(self, status, kind):
        return status in (None, 1, 3) and (kind is None or 0 <= kind <= 9)

    def may_touch(self, fabric, user_index):
        return user_index in self.users and fabric in (None, self.users[user_index]["creator"])

    def places(self, kind):
        return [0] if kind == PROGRAMMING_PIN else list(range(1, self.kinds[kind] + 1))

    def of(self, user_index):
        return [at for at, each in self.credentials.items() if each["user"] == user_index]

    def look(self, user_index, index):
        if not 1 <= index <= self.schedules or not 1 <= user_index <= self.size:
            raise No("INVALID")
        if user_index not in self.users:
            raise No("FAILURE")

    def drop(self, user_index):
        for at in self.of(user_index):
            del self.credentials[at]
        for entries in (self.week, self.year):
            for at in [at for at in entries if at[0] == user_index]:
                del entries[at]
        del self.users[user_index]
