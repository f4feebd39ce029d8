"""Whether what was expected happened: of an exchange, or of a conversation as a whole."""

import re
from collections import Counter

from replay import DIRECT, without_loops

COMPLETED = ("answered", "handoff")
MATCHES = ("exact", "in_order", "unordered", "superset", "subset")


def as_list(value):
    return [] if value is None else value if isinstance(value, list) else [value]


class Observation:
    """What there is to judge: the exchanges are one, or all of a conversation."""

    def __init__(self, exchanges):
        last = exchanges[-1]
        self.start = exchanges[0].start
        self.path = [self.start] + [agent for exchange in exchanges for agent in exchange.path[1:]]
        self.final, self.status, self.text, self.is_lost = last.final, last.status, last.text, last.is_lost
        self.ended_rejected, self.final_first = last.ended_rejected, last.final_first
        self.turns = sum(len(exchange.turns) for exchange in exchanges)
        self.has_loop = any(exchange.cycle for exchange in exchanges)
        self.called = {name for exchange in exchanges for name in exchange.called}
        self.has_error = any(exchange.is_error for exchange in exchanges)

    @property
    def outcome(self):
        """The column of the confusion matrix."""
        if self.status in COMPLETED:
            return self.final
        if self.status == "unanswered":
            return "@invalid" if self.ended_rejected else "@none"
        return "@error" if self.status == "error" else "@exhausted"


def is_subsequence(short, long):
    rest = iter(long)
    return all(agent in rest for agent in short)


def route_matches(match, observed, expected):
    seen, wanted = Counter(observed), Counter(expected)
    return {
        "exact": observed == expected,
        "in_order": is_subsequence(expected, observed),
        "unordered": seen == wanted,
        "superset": not wanted - seen,
        "subset": not seen - wanted,
    }[match]


def fact_is_kept(fact, turn):
    texts = [text for message in turn.seen for text in message.texts] if turn is not None else []
    if isinstance(fact, dict):
        return any(re.search(fact["pattern"], text) for text in texts)
    return any(fact in text for text in texts)


class Verdict:
    """`fields` has True, False or None (not recorded, so it cannot be told) for each field of the expectation."""

    def __init__(self, expect, observation):
        o, fields = observation, {}
        self.fields, self.observation = fields, o
        self.accepted = [o.start if agent == DIRECT else agent for agent in as_list(expect.get("final"))]
        if self.accepted:
            fields["final"] = o.status in COMPLETED and o.final in self.accepted
        if expect.get("first") is not None:
            fields["first"] = expect["first"] == (o.path[1] if len(o.path) > 1 else DIRECT)
        if expect.get("route") is not None:
            routes = expect["route"] if expect["route"] and isinstance(expect["route"][0], list) else [expect["route"]]
            match = expect.get("match") or "exact"
            fields["route"] = any(route_matches(match, o.path[1:], route) for route in routes)
        for name, value in (("max_depth", len(o.path) - 1), ("max_turns", o.turns)):
            if expect.get(name) is not None:
                fields[name] = value <= expect[name]
        if expect.get("loop") is not None:
            fields["loop"] = o.has_loop == expect["loop"]
        fields["status"] = o.status == expect["status"] if expect.get("status") else o.status in COMPLETED
        for name, wanted in (("says", True), ("not_says", False)):
            patterns = as_list(expect.get(name))
            if patterns:
                holds = all((re.search(pattern, o.text) is not None) == wanted for pattern in patterns)
                fields[name] = None if o.is_lost else holds
        tools = expect.get("tools") or {}
        if tools:
            fields["tools"] = (all(name in o.called for name in tools.get("called", []))
                               and not any(name in o.called for name in tools.get("not_called", [])))
        self.facts = [fact_is_kept(fact, o.final_first) for fact in as_list(expect.get("facts"))]
        if self.facts:
            fields["facts"] = all(self.facts)

    @property
    def is_correct(self):
        """None where everything that can be told holds and something cannot be told."""
        values = self.fields.values()
        return False if False in values else None if None in values else True

    @property
    def expected(self):
        """The row of the confusion matrix."""
        return self.observation.outcome if self.fields["final"] else self.accepted[0]


class Detour:
    """Hops on the way to the agent that answered, split; `optimal` is None where there is no way by the declared graph.
    A conversation's path may end elsewhere: to start over at the entry is no hop."""

    def __init__(self, agents, path, final):
        kept = without_loops(path)
        self.hops = len(path) - 1
        self.looped = len(path) - len(kept)
        self.optimal = agents.hops[path[0]].get(final)
        self.detour = None if self.optimal is None else len(kept) - 1 - self.optimal


def reason_left_out(expect, exchange, observation):
    """Why an expectation is not judged, or None."""
    if observation.has_error and expect.get("status") != "error":
        return "error"
    return "after_cut" if exchange.after_cut else None
