"""Reads agents and conversations and replays recordings by the rules of the reference, without a line of baton.

A Play holds Exchanges, an Exchange its Turns; nothing here judges or counts.
"""

import json
import re
from collections import deque

PREFIX = "transfer_to_"
DIRECT = "@direct"
NAME_BYTES_MAX = 64
CUT = ("max_turns", "max_handoffs", "loop")
FAULTS = {400: "bad_request", 401: "auth", 402: "quota", 403: "auth", 404: "not_found", 408: "timeout",
          409: "conflict", 429: "rate_limit", 503: "overloaded", 504: "timeout", 529: "overloaded"}


def fault_of(status):
    return FAULTS.get(status, "server" if status >= 500 else "bad_request")


def usual_tool_name(agent):
    """Names of more than 64 bytes end in a hash; the generator gives those a name of their own."""
    name = PREFIX + re.sub(rb"[^A-Za-z0-9_-]", b"_", agent.encode()).decode()
    assert len(name) <= NAME_BYTES_MAX, agent
    return name


def whole_ns(milliseconds):
    return None if milliseconds is None else int(milliseconds * 1e6 + 0.5)


# ---- agents ----

class Handoff:
    def __init__(self, node):
        node = {"agent": node} if isinstance(node, str) else node
        self.target = node["agent"]
        self.tool = node.get("tool") or usual_tool_name(self.target)
        self.input = node.get("input")
        self.history = node.get("history") or "full"
        self.is_enabled = node.get("enabled", True)


class Agents:
    def __init__(self, node):
        limits, loops, defaults = (node.get(key) or {} for key in ("limits", "loops", "defaults"))
        self.names = list(node["agents"])
        self.entry = node["entry"]
        self.profile = node.get("profile", "baton")
        self.max_turns = limits.get("max_turns", limits.get("maxTurns", 10))
        self.max_handoffs = limits.get("max_handoffs", limits.get("maxHandoffs", -1))
        self.repeats = loops.get("repeats", 2)
        self.max_cycle = loops.get("max_cycle", loops.get("maxCycle", 4))
        self.loops_stop = loops.get("action") == "stop"
        self.handoff_stop = node.get("on_handoff", node.get("onHandoff")) == "stop"
        self.prices = node.get("prices") or {}
        self.tools = node.get("tools") or {}
        self.model, self.handoffs, self.own_tools = {}, {}, {}
        for name, agent in node["agents"].items():
            self.model[name] = agent.get("model", defaults.get("model", ""))
            self.handoffs[name] = {h.tool: h for h in map(Handoff, agent.get("handoffs") or [])}
            self.own_tools[name] = agent.get("tools") or []
        self.hops = {name: self._hops_from(name) for name in self.names}

    def _hops_from(self, start):
        hops, queue = {start: 0}, deque([start])
        while queue:
            at = queue.popleft()
            for handoff in self.handoffs[at].values():
                if handoff.is_enabled and handoff.target not in hops:
                    hops[handoff.target] = hops[at] + 1
                    queue.append(handoff.target)
        return hops

    def meant_by(self, holder, tool):
        """The agent that a transfer tool means to a reader of the recording, or None."""
        if tool in self.handoffs[holder]:
            return self.handoffs[holder][tool].target
        if not tool.startswith(PREFIX) or tool == PREFIX:
            return None
        if tool[len(PREFIX):] in self.handoffs:
            return tool[len(PREFIX):]
        for name in self.names:
            if tool in self.handoffs[name]:
                return self.handoffs[name][tool].target
            if tool == usual_tool_name(name):
                return name
        return None


# ---- conversations ----

class Call:
    def __init__(self, node):
        body = node.get("function", node)
        arguments = body.get("arguments")
        self.id, self.name = node.get("id") or "", body["name"]
        self.arguments = arguments if isinstance(arguments, str) else \
            "" if arguments is None else json.dumps(arguments, separators=(",", ":"))


class Usage:
    def __init__(self, node):
        def first(*names):
            return next((node[name] for name in names if name in node), 0)

        inside = (node.get("input_tokens_details") or node.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        thought = (node.get("output_tokens_details") or node.get("completion_tokens_details") or {})
        self.input = max(first("input_tokens", "prompt_tokens") - inside, 0)
        self.output = first("output_tokens", "completion_tokens")
        self.cached = first("cached_tokens", "cache_read_input_tokens") + inside
        self.cache_write = first("cache_write_tokens", "cache_creation_input_tokens")
        self.reasoning = first("reasoning_tokens") + thought.get("reasoning_tokens", 0)


class Message:
    def __init__(self, node):
        content = node.get("content")
        if isinstance(content, list):
            content = "".join(part if isinstance(part, str) else part.get("text", "") for part in content)
        self.role = "system" if node["role"] == "developer" else node["role"]
        self.has_content = content is not None
        self.text = content or ""
        self.agent = node.get("agent") or node.get("sender") or node.get("name") if self.role == "assistant" else None
        self.calls = [Call(call) for call in node.get("tool_calls") or []]
        self.call_id = node.get("tool_call_id") or ""
        self.starts_over = node.get("continue") == "entry"
        self.latency = whole_ns(node.get("latency_ms"))
        self.ttft = whole_ns(node.get("ttft_ms"))
        self.usage = Usage(node["usage"]) if node.get("usage") is not None else None
        self.finish = node.get("finish_reason")
        self.error = node.get("error")
        self.is_lost = "text" in node.get("x-lost", [])
        self.expect = node.get("expect")


class Conversation:
    def __init__(self, node, agents):
        self.id = node["id"]
        self.entry = node.get("entry") or agents.entry
        self.messages = [Message(message) for message in node["messages"]]
        self.expect = node.get("expect")
        self.tags = list(dict.fromkeys(node.get("tags") or []))
        self.weight = node.get("weight", 1)
        case, cluster = node.get("case"), node.get("cluster")
        self.case = ("case", case) if case else ("id", self.id)
        self.cluster = ("cluster", cluster) if cluster else self.case
        self.asked = [i for i, message in enumerate(self.messages) if message.role == "user"]


# ---- what an agent sees ----

class Seen:
    """A message as it stands before an agent; facts are looked for in its text and in the arguments of its calls."""

    def __init__(self, role, text, calls=()):
        self.role, self.text = role, text
        self.texts = [text] + [call.arguments for call in calls]


def filtered(history, rule):
    """What the target of a handoff sees of the history; a tool result at the very start has lost its call."""
    kept = []
    for i, message in enumerate(history):
        if rule == "none":
            keeps = False
        elif rule == "last_user":
            keeps = message.role == "user" and all(later.role != "user" for later in history[i + 1:])
        elif rule == "no_tools":
            keeps = message.role == "user" or (message.role == "assistant" and message.text != "")
        else:
            keeps = len(history) - i <= rule["last"]
        if keeps and not (message.role == "tool" and not kept):
            kept.append(Seen(message.role, message.text) if rule == "no_tools" else message)
    return kept


# ---- arguments ----

TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list}


def fits(schema, value):
    """The keywords that the generator writes."""
    kind = schema.get("type")
    if kind is not None and not isinstance(value, TYPES[kind]):
        return False
    if kind in ("integer", "number") and isinstance(value, bool):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "minimum" in schema and isinstance(value, (int, float)) and value < schema["minimum"]:
        return False
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return (all(name in value for name in schema.get("required", []))
                and (schema.get("additionalProperties", True) or all(name in known for name in value))
                and all(fits(known[name], member) for name, member in value.items() if name in known))
    return True


def read_object(arguments):
    try:
        value = json.loads(arguments)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


# ---- loops ----

def first_cycle(path, repeats, max_cycle):
    """The first suffix of a growing path that is one word `repeats` times over: (k, onset, detected), or None."""
    for end in range(1, len(path) + 1):
        for k in range(1, max_cycle + 1):
            length = k * repeats
            if length > end:
                break
            suffix = path[end - length:end]
            if suffix == suffix[:k] * repeats:
                return k, end - k * (repeats - 1), end - 1
    return None


def without_loops(path):
    """Loop erasure: on a revisit the walk is cut back to the first visit."""
    kept = []
    for agent in path:
        if agent in kept:
            del kept[kept.index(agent) + 1:]
        else:
            kept.append(agent)
    return kept


# ---- a play ----

class Turn:
    def __init__(self, agent, position, message, seen):
        self.agent, self.position = agent, position
        self.text, self.usage, self.finish = message.text, message.usage, message.finish
        self.latency, self.ttft = message.latency, message.ttft
        self.seen = seen
        self.handoff_to = None
        self.is_answer = not message.calls
        self.invented = 0  # transfers to agents that it was never given


class Exchange:
    def __init__(self, index, start):
        self.index, self.start = index, start
        self.path, self.turns, self.called = [start], [], []
        self.status = self.final = self.fault = None
        self.text = ""
        self.is_lost = self.after_cut = self.ended_rejected = self.diverged = False
        self.tool_calls = self.invalid = 0
        self.cycle = None

    @property
    def depth(self):
        return len(self.path) - 1

    @property
    def is_error(self):
        return self.status == "error"

    @property
    def final_first(self):
        """The final agent's first turn after the last handoff."""
        moves = [i for i, turn in enumerate(self.turns) if turn.handoff_to is not None]
        first = moves[-1] + 1 if moves else 0
        return self.turns[first] if first < len(self.turns) else None


class Replay:
    """One conversation under way. `holder` has the floor by the recording, `active` by the run."""

    def __init__(self, agents, conversation):
        self.agents, self.conversation = agents, conversation
        self.messages = conversation.messages
        self.holder = self.active = conversation.entry
        self.next = self.end = 0
        self.history, self.seen = [], None
        for message in self.messages[:conversation.asked[0]]:
            if message.role == "assistant":
                self.remember(Seen("assistant", message.text, message.calls))

    def remember(self, message):
        self.history.append(message)
        if self.seen is not None:
            self.seen.append(message)

    # -- the recording --

    def result_of(self, index, call_id):
        return next((m for m in self.messages[index + 1:self.end] if m.role == "tool" and m.call_id == call_id), None)

    def follow(self, index):
        """Moves the holder on by the first call of a message that names an agent and was not refused."""
        for call in self.messages[index].calls:
            target = self.agents.meant_by(self.holder, call.name)
            result = self.result_of(index, call.id)
            if target is not None and not (result is not None and result.text.startswith("Error")):
                self.holder = target
                return

    def answers(self, start):
        return [i for i in range(start, self.end) if self.messages[i].role == "assistant"]

    def begin(self, asked):
        for index in self.answers(self.next):
            self.holder = self.messages[index].agent or self.holder
            self.follow(index)
        if self.messages[asked].starts_over:
            self.holder = self.conversation.entry
        later = [i for i in self.conversation.asked if i > asked]
        self.next, self.end = asked + 1, later[0] if later else len(self.messages)

    # -- the run --

    def play(self):
        exchanges, is_cut = [], False
        for index, asked in enumerate(self.conversation.asked):
            last = exchanges[-1] if exchanges else None
            if last is not None and last.diverged:
                break  # the conversation has left its recording
            is_cut = is_cut or (last is not None and last.status in CUT)
            self.begin(asked)
            if last is not None and last.status in CUT + ("handoff",):
                self.active, self.seen = self.holder, None
            if self.messages[asked].starts_over:
                self.active, self.seen = self.conversation.entry, None
            exchange = Exchange(index, self.active)
            exchange.after_cut = is_cut
            self.remember(Seen("user", self.messages[asked].text))
            self.run(exchange)
            exchange.final = self.active
            exchange.cycle = first_cycle(exchange.path, self.agents.repeats, self.agents.max_cycle)
            exchanges.append(exchange)
        return exchanges

    def run(self, exchange):
        limit = self.agents.max_turns
        while exchange.status is None:
            if 0 <= limit <= len(exchange.turns):
                exchange.status = "max_turns"
            else:
                self.take_turn(exchange)

    def take_turn(self, exchange):
        waiting = self.answers(self.next)
        if not waiting:
            exchange.status = "unanswered"
            return
        index = waiting[0]
        message = self.messages[index]
        self.holder = message.agent or self.holder
        if self.holder != self.active:
            exchange.status, exchange.diverged = "unanswered", True
            return
        seen = list(self.history if self.seen is None else self.seen)
        turn = Turn(self.active, exchange.depth, message, seen)
        exchange.turns.append(turn)
        self.next = index + 1
        if message.error is not None:
            exchange.status, exchange.fault = "error", fault_of(message.error["status"])
            return
        exchange.ended_rejected = False
        if message.calls:
            self.follow(index)
            self.respond(exchange, turn, message, index)
        else:
            self.remember(Seen("assistant", message.text))
            exchange.text, exchange.is_lost = message.text, message.is_lost
            if len(waiting) == 1:
                exchange.status = "answered" if message.has_content else "unanswered"

    def respond(self, exchange, turn, message, index):
        """Ordinary calls, then the first handoff that may be taken; each call gets one result, in call order."""
        declared, tools = self.agents.handoffs[self.active], self.agents.own_tools[self.active]
        results, accepted = [], None
        for call in message.calls:
            handoff = declared.get(call.name)
            is_transfer = handoff is not None or call.name.startswith(PREFIX)
            exchange.called.append(call.name)
            exchange.tool_calls += not is_transfer
            if call.name in tools:
                results.append(self.tool_result(call, index))
            elif handoff is None or not handoff.is_enabled:
                turn.invented += is_transfer and handoff is None
                results.append(self.refuse(exchange, is_transfer))
            elif accepted is not None or exchange.status is not None:
                results.append("Ignored: only one handoff of a response is taken.")
            elif handoff.input is not None and not self.fits_input(handoff, call):
                results.append(self.refuse(exchange, True))
            elif 0 <= self.agents.max_handoffs <= exchange.depth:
                exchange.status = "max_handoffs"
                results.append("Error")
            else:
                accepted = handoff
                results.append('{"assistant":%s}' % json.dumps(handoff.target, ensure_ascii=False))
        self.remember(Seen("assistant", message.text, message.calls))
        for result in results:
            self.remember(Seen("tool", result))
        if accepted is not None:
            self.hand_over(exchange, turn, accepted)

    @staticmethod
    def refuse(exchange, is_transfer):
        if is_transfer:
            exchange.invalid += 1
            exchange.ended_rejected = True
        return "Error"

    @staticmethod
    def fits_input(handoff, call):
        value = read_object(call.arguments or "{}")
        return value is not None and fits(handoff.input, value)

    def tool_result(self, call, index):
        tool = self.agents.tools[call.name]
        parameters = tool.get("parameters")
        if "agent" in tool and parameters is None:
            parameters = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
        is_empty = call.arguments in ("", "{}")
        value = {} if is_empty else read_object(call.arguments)
        if value is None or (parameters is not None and not fits(parameters, value)):
            return "Error"
        result = self.result_of(index, call.id)
        return "" if result is None else result.text

    def hand_over(self, exchange, turn, handoff):
        self.seen = None if handoff.history == "full" else filtered(self.history, handoff.history)
        turn.handoff_to = self.active = handoff.target
        exchange.path.append(handoff.target)
        exchange.ended_rejected = False
        if self.agents.loops_stop and first_cycle(exchange.path, self.agents.repeats, self.agents.max_cycle):
            exchange.status = "loop"
        elif self.agents.handoff_stop and exchange.status is None:
            exchange.status = "handoff"
