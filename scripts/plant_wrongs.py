#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants wrongs in a correct history, one at a time, and has `invsaga check` find each.

    plant_wrongs.py INVSAGA HISTORY [--places N] [--seed S] [--only WORD]

INVSAGA is the command, HISTORY a file that it wrote. Every kind of single wrong is tried at N places
(default 2) drawn from the seed: changed values, missing lines, second effects, swapped pairs,
refusals that were not short, and for each invariant that a history can show a line that breaks it.
Exit status: 0 if the clean history passes and each wrong is found with status 1 (2 for what is not
of the shape of a history); 1 if one is missed; 2 if the clean history does not pass.

A wrong is not planted where nothing in the whole file could tell it from the truth: a request that
was answered again, a try that failed, are not missed by anything when they are gone.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import plainly

UNDECIDED = ("failed", "unknown")
EFFECTS = {
    "request": {"fresh"}, "call": {"done"}, "reserve": {"reserved", "out_of_stock"},
    "commit": {"committed"}, "release": {"released"}, "expire": {"expired"},
    "adjust": {"adjusted"}, "charge": {"charged", "declined"}, "refund": {"refunded"},
    "publish": {"published"}, "deliver": {"handled"}, "end": {"ended"}, "stock": {"counted"},
}
ANSWERS = {
    "request": ["fresh", "in_progress", "completed", "mismatch", "expired"],
    "call": ["done"],
    "reserve": ["reserved", "out_of_stock", "expired", "suppressed", "mismatch"],
    "commit": ["committed", "released", "expired", "not_found"],
    "release": ["released", "committed", "expired", "tombstoned"],
    "expire": ["expired"],
    "adjust": ["adjusted", "out_of_stock", "refused", "expired", "mismatch"],
    "charge": ["charged", "declined"], "refund": ["refunded"], "publish": ["published"],
    "deliver": ["handled", "duplicate", "parked", "dead"], "end": ["ended"], "stock": ["counted"],
}
REASONS = ["out_of_stock", "declined", "payment_failed", "hold_expired"]


class History:
    """The lines as bytes, and as objects, parsed when asked for."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.lines = file.read().splitlines(keepends=True)
        self.header = json.loads(self.lines[0])
        self.one_thread = self.header["threads"] == 1
        self.exact = self.one_thread or self.header.get("exact", False)
        self.objects = [json.loads(line) for line in self.lines[1:]]
        self.by_op, self.by_saga, self.by_id = {}, {}, {}
        for i, o in enumerate(self.objects):
            self.by_op.setdefault(o["op"], []).append(i)
            if "saga" in o:
                self.by_saga.setdefault(o["saga"], []).append(i)
            if "id" in o:
                self.by_id.setdefault(o["id"], []).append(i)

    def decides(self, i):
        """True if the line changed something for the first time, so that its loss must show."""
        o = self.objects[i]
        return o["answer"] in EFFECTS.get(o["op"], ()) and not o.get("repeat")

    def of(self, op, fits=lambda o: True):
        return [i for i in self.by_op.get(op, []) if fits(self.objects[i])]

    def deciding(self, *ops):
        return [i for op in ops or EFFECTS for i in self.by_op.get(op, []) if self.decides(i)]

    def in_saga(self, saga, op):
        return [i for i in self.by_saga.get(saga, []) if self.objects[i]["op"] == op]


class Edit:
    """What one wrong does to the lines. Lines are numbered from 0, without the header."""

    def __init__(self):
        self.changed = {}    # line -> object
        self.dropped = set()
        self.after = {}      # line -> objects
        self.header = None
        self.raw = {}        # line -> bytes
        self.renumber = True

    def write(self, history, path):
        lines = history.lines[1:]
        for i, o in self.changed.items():
            lines[i] = dump(o)
        for i, raw in self.raw.items():
            lines[i] = raw
        for i in self.dropped:
            lines[i] = b""
        for i, added in self.after.items():
            lines[i] += b"".join(dump(o) for o in added)
        if self.renumber and (self.dropped or self.after):
            first = min(self.dropped | self.after.keys())
            tail = b"".join(lines[first:]).splitlines(keepends=True)
            lines[first:] = [with_n(line, n) for n, line in enumerate(tail, first + 1)]
        with open(path, "wb") as out:
            out.write(dump(self.header) if self.header else history.lines[0])
            out.writelines(lines)


def dump(o):
    return json.dumps(o, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def with_n(line, n):
    # `n` is the first key, as the writer puts it.
    if line.startswith(b'{"n":'):
        return b'{"n":%d' % n + line[line.index(b","):]
    return dump(dict(json.loads(line), n=n))


KINDS = []


def kind(function):
    KINDS.append(function)
    return function


def pick(rng, places):
    return rng.choice(places) if places else None


def copy(history, i):
    return json.loads(history.lines[i + 1])


def change(history, rng, places, how):
    """Changes one line: `how` edits its object, or answers False."""
    i = pick(rng, places)
    if i is None:
        return None
    o = copy(history, i)
    if how(o) is False:
        return None
    edit = Edit()
    edit.changed[i] = o
    return edit


def drop(rng, places):
    i = pick(rng, places)
    if i is None:
        return None
    edit = Edit()
    edit.dropped.add(i)
    return edit


def insert(history, rng, places, made):
    """Puts what `made` gives behind a line, at the line's own times."""
    i = pick(rng, places)
    if i is None:
        return None
    objects = made(i, copy(history, i))
    if not objects:
        return None
    edit = Edit()
    edit.after[i] = [dict(o, at=history.objects[i]["at"], t0=history.objects[i]["t1"],
                          t1=history.objects[i]["t1"]) for o in objects]
    return edit


def swap(history, rng, pairs):
    pair = pick(rng, pairs)
    if pair is None:
        return None
    i, k = pair
    a, b = copy(history, i), copy(history, k)
    for key in ("n", "at", "t0", "t1"):
        a[key], b[key] = b[key], a[key]
    edit = Edit()
    edit.changed[i], edit.changed[k] = b, a
    return edit


def bump(rng, key, column):
    def how(o):
        if not o.get(key):
            return False
        entry = rng.choice(o[key])
        entry[column] += rng.choice([-1, 1])
        return True
    return how


def put(key, value):
    def how(o):
        if callable(value):
            o[key] = value(o.get(key))
        else:
            o[key] = value
    return how


# --- changed values

def quantity(op, answer, key="lines", column=1, saga=False):
    def plant(history, rng):
        places = history.of(op, lambda o: o["answer"] == answer and not o.get("repeat")
                            and o.get(key) and (not saga or "saga" in o))
        return change(history, rng, places, bump(rng, key, column))
    plant.__name__ = "quantity_%s_%s_%s%d" % (op, answer, key, column)
    return kind(plant)


quantity("reserve", "reserved")
quantity("reserve", "out_of_stock", saga=True)
quantity("commit", "committed")
quantity("commit", "committed", key="back")
quantity("release", "released")
quantity("expire", "expired")
quantity("adjust", "adjusted")
for column in (1, 2, 3):
    quantity("stock", "counted", key="rows", column=column)


@kind
def quantity_in_a_repeat(history, rng):
    places = [i for i, o in enumerate(history.objects) if o.get("repeat") and o.get("lines")]
    return change(history, rng, places, bump(rng, "lines", 1))


@kind
def quantity_negative(history, rng):
    def how(o):
        o["lines"][0][1] = -o["lines"][0][1]
    return change(history, rng, history.deciding("reserve"), how)


@kind
def quantity_beyond_64_bits(history, rng):
    def how(o):
        o["lines"][0][1] = 10 ** 30
    return change(history, rng, history.deciding("adjust"), how)


@kind
def product(history, rng):
    places = [i for i in history.deciding("reserve", "commit", "release", "expire", "adjust")
              if not history.objects[i].get("short")]

    def how(o):
        rng.choice(o["lines"])[0] += "?"
    return change(history, rng, places, how)


@kind
def product_counted(history, rng):
    def how(o):
        rows = [row for row in o["rows"] if any(row[1:])]
        if not rows:
            return False
        rng.choice(rows)[0] += "?"
        return True
    return change(history, rng, history.of("stock"), how)


@kind
def row_missing_from_the_counters(history, rng):
    def how(o):
        rows = [k for k, row in enumerate(o["rows"]) if any(row[1:])]
        if not rows:
            return False
        del o["rows"][rng.choice(rows)]
        return True
    return change(history, rng, history.of("stock"), how)


@kind
def units(history, rng):
    return change(history, rng, history.of("request"), put("units", lambda u: u + 1))


def amount(op):
    def plant(history, rng):
        return change(history, rng, history.of(op), put("amount", lambda a: "1" + a.lstrip("-")))
    plant.__name__ = "amount_" + op
    return kind(plant)


amount("charge")
amount("refund")


@kind
def amount_request(history, rng):
    places = history.of("request", lambda o: o["answer"] == "fresh"
                        and history.in_saga(o["saga"], "charge"))
    return change(history, rng, places, put("amount", lambda a: "7" if a != "7" else "8"))


@kind
def amount_that_is_none(history, rng):
    return change(history, rng, history.of("charge"), put("amount", "12,50"))


@kind
def until(history, rng):
    def how(o):
        o["until"] = o["until"][:-4] + "%03dZ" % ((int(o["until"][-4:-1]) + 1) % 1000)
    return change(history, rng, history.deciding("reserve"), how)


@kind
def at_of_the_past(history, rng):
    if not history.one_thread:
        return None
    places = list(range(1, len(history.objects)))
    return change(history, rng, places, put("at", "1999-12-31T23:59:59.999Z"))


@kind
def at_of_the_future(history, rng):
    if not history.one_thread:
        return None
    return change(history, rng, list(range(len(history.objects) - 1)), put("at", "2999-01-01T00:00:00.000Z"))


@kind
def at_that_is_no_time(history, rng):
    return change(history, rng, list(range(len(history.objects))), put("at", "2010-13-01T00:00:00.000Z"))


@kind
def answered_before_it_was_called(history, rng):
    def how(o):
        o["t0"] = o["t1"] + 1
    return change(history, rng, list(range(len(history.objects))), how)


@kind
def number(history, rng):
    return change(history, rng, list(range(len(history.objects))), put("n", lambda n: n + rng.choice([1, 7])))


def event_field(op, key, value):
    def plant(history, rng):
        return change(history, rng, history.of(op), put(key, value))
    plant.__name__ = "%s_%s" % (op, key)
    return kind(plant)


def other_type(type_):
    return "PAYMENT_COMPLETED" if type_ == "STOCK_RESERVED" else "STOCK_RESERVED"


event_field("publish", "type", other_type)
event_field("deliver", "type", other_type)
event_field("publish", "sequence", lambda s: s + 1)
event_field("deliver", "sequence", lambda s: s + 1)
event_field("deliver", "consumer", lambda c: c + "?")
event_field("publish", "id", lambda c: c + "?")
event_field("deliver", "id", lambda c: c + "?")


@kind
def end_events(history, rng):
    return change(history, rng, history.of("end"), put("events", lambda e: e + rng.choice([-1, 1])))


@kind
def end_outcome(history, rng):
    def how(o):
        o["outcome"] = rng.choice([w for w in ("completed", "compensated", "stuck") if w != o["outcome"]])
    return change(history, rng, history.of("end", lambda o: o["outcome"] != "stuck"), how)


@kind
def end_reason(history, rng):
    def how(o):
        o["reason"] = rng.choice([r for r in REASONS + ["", "bored"] if r != o["reason"]])
    return change(history, rng, history.of("end", lambda o: o["outcome"] == "compensated"), how)


@kind
def step_of_a_call(history, rng):
    def how(o):
        o["step"] = {"place": "cancel", "cancel": "clear cart", "clear cart": "place"}[o["step"]]
    return change(history, rng, history.deciding("call"), how)


@kind
def saga_of_a_line(history, rng):
    sagas = [history.objects[i]["saga"] for i in history.of("request")]
    if len(set(sagas)) < 2:
        return None
    places = [i for i in history.deciding() if "saga" in history.objects[i] and history.objects[i]["op"] != "adjust"]

    def how(o):
        o["saga"] = rng.choice([s for s in sagas if s != o["saga"]])
    return change(history, rng, places, how)


@kind
def id_that_is_unknown(history, rng):
    places = history.deciding("commit", "release", "expire", "refund")
    return change(history, rng, places, put("id", lambda i: i + "?"))


@kind
def answer_of_another_operation(history, rng):
    def how(o):
        o["answer"] = "handled" if o["op"] != "deliver" else "published"
    return change(history, rng, history.deciding(), how)


@kind
def answer_that_is_no_word(history, rng):
    return change(history, rng, history.deciding(), put("answer", "maybe"))


@kind
def another_answer(history, rng):
    def how(o):
        others = [a for a in ANSWERS[o["op"]] + list(UNDECIDED) if a != o["answer"]]
        o["answer"] = rng.choice(others)
    return change(history, rng, history.deciding(), how)


@kind
def repeat_gone(history, rng):
    places = [i for i, o in enumerate(history.objects) if o.get("repeat")
              and o["answer"] in EFFECTS.get(o["op"], ())]

    def how(o):
        del o["repeat"]
    return change(history, rng, places, how)


@kind
def repeat_of_nothing(history, rng):
    places = [i for i in history.deciding() if history.objects[i]["op"] != "stock"]
    return change(history, rng, places, put("repeat", True))


@kind
def lost_without_an_answer(history, rng):
    places = [i for i, o in enumerate(history.objects) if o["answer"] in UNDECIDED]
    return change(history, rng, places, put("lost", True))


@kind
def consumer_more(history, rng):
    edit = Edit()
    edit.header = json.loads(history.lines[0])
    types = {history.objects[i]["type"] for i in history.of("publish")}
    known = [t for t in edit.header["consumers"] if t in types]
    if not known:
        return None
    edit.header["consumers"][rng.choice(known)].append("another")
    return edit


# --- missing, second and swapped lines

@kind
def gap(history, rng):
    edit = drop(rng, list(range(len(history.objects) - 1)))
    if edit:
        edit.renumber = False
    return edit


def missing(name, fits):
    def plant(history, rng):
        return drop(rng, [i for i in history.deciding() if fits(history.objects[i])])
    plant.__name__ = "missing_" + name
    return kind(plant)


for op_, answer_ in [("request", "fresh"), ("reserve", "reserved"), ("commit", "committed"),
                     ("release", "released"), ("expire", "expired"), ("adjust", "adjusted"),
                     ("charge", "charged"), ("charge", "declined"), ("refund", "refunded"),
                     ("publish", "published"), ("deliver", "handled"), ("end", "ended"),
                     ("stock", "counted")]:
    missing("%s_%s" % (op_, answer_),
            lambda o, op=op_, answer=answer_: (o["op"], o["answer"]) == (op, answer))
missing("reserve_out_of_stock", lambda o: o["answer"] == "out_of_stock" and "saga" in o and o["op"] == "reserve")
for step_ in ("place", "cancel", "clear cart"):
    missing("call_" + step_.replace(" ", "_"), lambda o, step=step_: o["op"] == "call" and o["step"] == step)


@kind
def second(history, rng):
    return insert(history, rng, history.deciding(), lambda i, o: [o])


def second_under_a_new_id(op, answer):
    def plant(history, rng):
        places = history.of(op, lambda o: o["answer"] == answer and "saga" in o and not o.get("repeat"))
        return insert(history, rng, places, lambda i, o: [dict(o, id=o["id"] + "/again")])
    plant.__name__ = "second_%s_under_a_new_id" % op
    return kind(plant)


second_under_a_new_id("request", "fresh")
second_under_a_new_id("call", "done")
second_under_a_new_id("charge", "charged")
second_under_a_new_id("reserve", "reserved")
second_under_a_new_id("publish", "published")


@kind
def second_commit(history, rng):
    return insert(history, rng, history.deciding("commit"), lambda i, o: [o])


def pairs_of_a_saga(history, rng, ops, fits=lambda a, b: True):
    pairs = []
    for places in rng.sample(list(history.by_saga.values()), min(200, len(history.by_saga))):
        chosen = [i for i in places if history.objects[i]["op"] in ops and history.decides(i)]
        pairs += [(a, b) for a, b in zip(chosen, chosen[1:])
                  if fits(history.objects[a], history.objects[b])]
    return pairs


@kind
def swapped_events(history, rng):
    return swap(history, rng, pairs_of_a_saga(history, rng, ("publish",)))


@kind
def swapped_deliveries(history, rng):
    pairs = []
    for consumer in {c for names in history.header["consumers"].values() for c in names}:
        for places in rng.sample(list(history.by_saga.values()), min(100, len(history.by_saga))):
            chosen = [i for i in places if history.objects[i]["op"] == "deliver"
                      and history.objects[i]["consumer"] == consumer and history.decides(i)]
            pairs += list(zip(chosen, chosen[1:]))
    return swap(history, rng, pairs)


@kind
def swapped_event_and_delivery(history, rng):
    return swap(history, rng, pairs_of_a_saga(history, rng, ("publish", "deliver"),
                                              lambda a, b: a["id"] == b["id"] and a["op"] == "publish"
                                              and b["op"] == "deliver"))


@kind
def swapped_steps(history, rng):
    steps = ("request", "call", "reserve", "charge", "commit", "release", "refund", "end")
    return swap(history, rng, pairs_of_a_saga(history, rng, steps))


TELLS = {
    ("place", "done"): "ORDER_CHECKOUT_STARTED", ("clear cart", "done"): "CART_CLEARED",
    ("reserve", "reserved"): "STOCK_RESERVED", ("reserve", "out_of_stock"): "STOCK_RESERVATION_FAILED",
    ("charge", "charged"): "PAYMENT_COMPLETED", ("charge", "declined"): "PAYMENT_FAILED",
    ("commit", "committed"): "STOCK_COMMITTED",
}


@kind
def swapped_fact_and_event(history, rng):
    def tells(a, b):
        what = a["step"] if a["op"] == "call" else a["op"]
        return b["op"] == "publish" and b["type"] == TELLS.get((what, a["answer"]))
    return swap(history, rng, pairs_of_a_saga(history, rng, ("call", "reserve", "charge", "commit", "publish"), tells))


# --- refusals

def refusals(history):
    return [i for op in ("reserve", "adjust") for i in history.of(op, lambda o: o.get("short") and not o.get("repeat"))]


@kind
def refused_with_enough(history, rng):
    def how(o):
        entry = rng.choice(o["short"])
        entry[2] = entry[1]
    return change(history, rng, refusals(history), how)


@kind
def refused_and_another_number_asked(history, rng):
    def how(o):
        rng.choice(o["short"])[1] += 1
    return change(history, rng, refusals(history), how)


@kind
def refused_and_another_number_left(history, rng):
    if not history.exact:
        return None

    def how(o):
        entry = rng.choice(o["short"])
        entry[2] += 1 if entry[2] == 0 else rng.choice([-1, 1])
    return change(history, rng, refusals(history), how)


@kind
def refused_and_one_short_line_not_named(history, rng):
    if not history.exact:
        return None

    def how(o):
        del o["short"][rng.randrange(len(o["short"]))]
    return change(history, rng, refusals(history), how)


@kind
def refused_and_no_line_named(history, rng):
    def how(o):
        del o["short"]
    return change(history, rng, refusals(history), how)


@kind
def refused_and_another_line_named(history, rng):
    def how(o):
        o["short"].append(["another", 2, 1])
    return change(history, rng, refusals(history), how)


@kind
def refusal_that_was_not_short(history, rng):
    def how(o):
        o["answer"] = "out_of_stock"
        sku, asked = rng.choice(o["lines"])
        o["short"] = [[sku, asked, asked - 1]]
    places = history.of("reserve", lambda o: o["answer"] == "reserved" and not o.get("repeat") and not o.get("lost"))
    return change(history, rng, places, how)


@kind
def refused_order_with_room(history, rng):
    """A short order and the one before it: the stock that was short comes before the refusal."""
    i = pick(rng, history.of("reserve", lambda o: o.get("short") and not o.get("repeat")))
    if i is None or i == 0:
        return None
    short = history.objects[i]["short"]
    came = dict(history.objects[i], op="adjust", id="planted", reason="restock", answer="adjusted",
                lines=[[sku, asked - left] for sku, asked, left in short])
    for key in ("saga", "step", "until", "short", "lost"):
        came.pop(key, None)
    edit = Edit()
    edit.after[i - 1] = [came]
    return edit


@kind
def accepted_without_room(history, rng):
    def how(o):
        o["answer"] = "adjusted" if o["op"] == "adjust" else "reserved"
        del o["short"]
    return change(history, rng, refusals(history), how)


# --- a line that breaks an invariant

@kind
def oversold(history, rng):
    def made(i, o):
        o["id"] += "/over"
        for key in ("saga", "step", "lost"):
            o.pop(key, None)
        o["lines"][0][1] += 10 ** 7
        return [o]
    return insert(history, rng, history.of("reserve", lambda o: o["answer"] == "reserved" and not o.get("repeat")), made)


def second_ending(first, op, answer):
    def plant(history, rng):
        def made(i, o):
            o.update(op=op, answer=answer)
            for key in ("step", "lost", "back"):
                o.pop(key, None)
            return [o]
        return insert(history, rng, history.deciding(first), made)
    plant.__name__ = "%s_after_%s" % (op, first)
    return kind(plant)


second_ending("commit", "release", "released")
second_ending("commit", "expire", "expired")
second_ending("release", "commit", "committed")
second_ending("expire", "commit", "committed")
second_ending("expire", "release", "released")


@kind
def hold_that_is_expired_early(history, rng):
    i = pick(rng, history.deciding("expire"))
    if i is None:
        return None
    edit = Edit()
    for k in history.by_id[history.objects[i]["id"]]:
        if "until" in history.objects[k]:
            edit.changed[k] = dict(copy(history, k), until="2999-01-01T00:00:00.000Z")
    return edit


@kind
def release_that_comes_first(history, rng):
    """A tombstone, and the reserve that it bars is reserved all the same."""
    i = pick(rng, [i for i in history.of("reserve", lambda o: o["answer"] == "reserved" and not o.get("repeat"))
                   if history.by_id[history.objects[i]["id"]][0] == i])
    if i is None or i == 0:
        return None
    tomb = dict(history.objects[i], op="release", answer="tombstoned")
    for key in ("until", "lines", "step", "lost"):
        tomb.pop(key, None)
    edit = Edit()
    edit.after[i - 1] = [tomb]
    return edit


def after_the_end(name, op, answer, outcome):
    def plant(history, rng):
        places = [i for i in history.of("end", lambda o: o["outcome"] == outcome)
                  if any(history.decides(k) for k in history.in_saga(history.objects[i]["saga"], op))]

        def made(i, o):
            like = next(k for k in history.in_saga(o["saga"], op) if history.decides(k))
            o = copy(history, like)
            o.pop("lost", None)
            if name == "reserve":
                o["id"] += "/late"
            if name == "refund":
                o.update(op="refund")
            o["answer"] = answer
            return [o]
        return insert(history, rng, places, made)
    plant.__name__ = "%s_after_it_is_%s" % (name, outcome)
    return kind(plant)


after_the_end("refund", "charge", "refunded", "completed")
after_the_end("reserve", "reserve", "reserved", "completed")
after_the_end("refund", "charge", "refunded", "compensated")


@kind
def undone_after_the_commit(history, rng):
    def made(i, o):
        cancel = {"op": "call", "saga": o["saga"], "step": "cancel", "id": "planted", "answer": "done"}
        return [dict(cancel, n=0, at=o["at"], t0=o["t0"], t1=o["t1"])]
    return insert(history, rng, [i for i in history.deciding("commit") if "saga" in history.objects[i]], made)


@kind
def undone_before_the_refusal(history, rng):
    for i in rng.sample(history.of("charge", lambda o: o["answer"] == "declined"),
                        min(20, len(history.of("charge", lambda o: o["answer"] == "declined")))):
        places = [k for k in history.in_saga(history.objects[i]["saga"], "release") if history.decides(k)]
        if places:
            return swap(history, rng, [(i, places[0])])
    return None


@kind
def hot_loop(history, rng):
    def made(i, o):
        o["answer"] = "failed"
        for key in ("short", "back", "lost"):
            o.pop(key, None)
        if o["op"] == "commit":
            o.pop("lines", None)
        return [o] * 20
    return insert(history, rng, history.deciding("reserve", "commit"), made)


@kind
def duplicate_that_was_not_handled(history, rng):
    return change(history, rng, history.deciding("deliver"), put("answer", "duplicate"))


@kind
def parked_for_nothing(history, rng):
    def made(i, o):
        return [dict(o, answer="parked")]
    edit = insert(history, rng, history.deciding("deliver"), made)
    if edit is None:
        return None
    last = history.objects[-1]["t1"]
    for added in edit.after.values():
        added[0].update(t0=last, t1=last)
    return edit


@kind
def published_after_the_end(history, rng):
    def made(i, o):
        event = {"n": 0, "at": o["at"], "t0": 0, "t1": 0, "op": "publish", "saga": o["saga"], "id": "planted",
                 "type": "CART_CLEARED", "sequence": o["events"] + 1, "answer": "published"}
        return [event]
    return insert(history, rng, history.of("end"), made)


@kind
def completed_before_the_end(history, rng):
    return insert(history, rng, history.of("request", lambda o: o["answer"] == "fresh"),
                  lambda i, o: [dict(o, answer="completed")])


@kind
def in_progress_after_the_end(history, rng):
    def made(i, o):
        asked = copy(history, history.in_saga(o["saga"], "request")[0])
        return [dict(asked, answer="in_progress")]
    edit = insert(history, rng, history.of("end", lambda o: o["outcome"] != "stuck"), made)
    last = history.objects[-1]["t1"]
    for added in edit.after.values() if edit else ():
        added[0].update(t0=last, t1=last)
    return edit


@kind
def mismatch_of_the_same(history, rng):
    return insert(history, rng, history.of("request", lambda o: o["answer"] == "fresh"),
                  lambda i, o: [dict(o, answer="mismatch")])


@kind
def other_content_under_the_id(history, rng):
    return insert(history, rng, history.of("request", lambda o: o["answer"] == "fresh"),
                  lambda i, o: [dict(o, answer="in_progress", units=o["units"] + 1)])


@kind
def request_that_expires_under_way(history, rng):
    return insert(history, rng, history.of("request", lambda o: o["answer"] == "fresh"),
                  lambda i, o: [dict(o, answer="expired")])


@kind
def line_after_the_counters(history, rng):
    return insert(history, rng, history.of("stock"), lambda i, o: [copy(history, 0)])


# --- what is not of the shape of a history: status 2

def shape(function):
    function.status = 2
    return kind(function)


@shape
def line_cut_short(history, rng):
    i = rng.randrange(len(history.objects))
    edit = Edit()
    edit.raw[i] = history.lines[i + 1][:len(history.lines[i + 1]) // 2] + b"\n"
    return edit


@shape
def key_that_is_not_known(history, rng):
    return change(history, rng, list(range(len(history.objects))), put("colour", "red"))


@shape
def key_that_is_missing(history, rng):
    def how(o):
        del o["answer"]
    return change(history, rng, list(range(len(history.objects))), how)


@shape
def value_of_the_wrong_type(history, rng):
    return change(history, rng, list(range(len(history.objects))), put("n", "1"))


@shape
def header_of_another_version(history, rng):
    edit = Edit()
    edit.header = dict(history.header, invsaga_history=2)
    return edit


def check(command, path):
    run = subprocess.run([command, "check", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode, run.stdout.decode(errors="replace")


def try_kind(options, history, plant, path):
    """(planted, missed) over the places."""
    planted, missed = 0, []
    for place in range(options.places):
        rng = random.Random("%d %s %d" % (options.seed, plant.__name__, place))
        edit = plant(history, rng)
        if edit is None:
            continue
        edit.write(history, path)
        planted += 1
        status, text = check(options.invsaga, path)
        if status != getattr(plant, "status", 1):
            missed.append("place %d: status %d %s" % (place, status, text[:200].strip()))
            if options.keep:
                os.replace(path, os.path.join(options.keep, "%s_%d.jsonl" % (plant.__name__, place)))
    return planted, missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("invsaga")
    parser.add_argument("history")
    parser.add_argument("--places", type=int, default=2, help="how often each kind is planted (2)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only kinds whose name holds this")
    parser.add_argument("--keep", help="a folder for the histories whose wrong was missed")
    parser.add_argument("--quiet", action="store_true", help="print what is missed and the sum only")
    options = parser.parse_args()

    status, text = check(options.invsaga, options.history)
    if status != 0:
        print("the clean history does not pass: status %d\n%s" % (status, text[:2000]))
        print("what to do: name the command, and a history that it wrote")
        return 2
    history = History(options.history)
    total, bad, nowhere = 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        for plant in KINDS:
            if options.only not in plant.__name__:
                continue
            planted, missed = try_kind(options, history, plant, os.path.join(folder, "planted.jsonl"))
            total += planted
            bad += len(missed)
            if planted == 0:
                nowhere.append(plant.__name__)
            elif missed or not options.quiet:
                print("%-42s planted %d, found %d" % (plant.__name__, planted, planted - len(missed)))
            for text in missed:
                print("  MISSED at " + text)
            sys.stdout.flush()
    if nowhere:
        print("no place for: " + ", ".join(nowhere))
    print("%d kinds, %d wrongs planted, %d found, %d missed" % (len(KINDS), total, total - bad, bad))
    return 1 if bad or total == 0 else 0


if __name__ == "__main__":
    plainly.run(main)
