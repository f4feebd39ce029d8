"""Writes a random suite of replays into a folder: the same seed, the same files.

usage: generate.py SEED FOLDER
"""

import copy
import json
import os
import random
import sys

from judge import MATCHES
from replay import DIRECT, PREFIX, Agents, Handoff

NAMES = ["triage", "billing", "tech_support", "Tech Support", "sales[EU]", "büro", "客服", "refunds/returns", "a.b",
         "O'Hara", 'say "hi"', "UPPER", "upper", "x-ray", "7", "agent:7", "naïve café", "{braces}", "semi;colon",
         "ß", "comma, too", "billing2", "#hash", "tab\tbed", "🙂"]
MODELS = ["haiku", "sonnet", "gpt-4o", ""]
PHRASE = "zapping over"  # what the suite's own phantom patterns look for
LANGUAGES = ["de", "en", "日本"]
TAGS = ["billing", "long tail", "ü", "vip", "lang:de", "lang:en", "lang:日本"]
REASON = {"type": "object", "properties": {"reason": {"type": "string"}, "seats": {"type": "integer", "minimum": 1},
                                           "plan": {"enum": ["team", "solo"]}}, "required": ["reason"]}
STATUS_CODES = [429, 500, 503, 529, 401, 400, 408, 404, 409]
STATUSES = ["answered", "handoff", "max_turns", "max_handoffs", "loop", "unanswered"]
FACTS = ["F1", "F2", "F4 found", "order", {"pattern": "F[0-3]"}, "never said"]
WEIGHTS = [1, 1, 2, 0.5, 1.234567, 0.000001, 10, 3.3]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick, self.chance = self.random.choice, lambda p: self.random.random() < p
        self.seed = seed
        self.timings, self.usages, self.finishes = (self.pick([0, 0.5, 0.9, 1, 1]) for _ in range(3))
        self.naming = self.pick([0, 0.6, 1, 1])
        self.error_rate = self.pick([0, 0, 0.02, 0.1])
        self.stray_rate = self.pick([0, 0, 0.02])
        self.skill = self.pick([0.6, 0.8, 0.95, 1])
        self.lost_rate = self.pick([0, 0, 0.3])
        self.loop_rate = self.pick([0, 0.05, 0.25])
        self.phantom_patterns = self.pick([None, None, [], [PHRASE], ["zap+ing", "nothing like it"]])

    def some(self, items, most):
        return self.random.sample(items, min(len(items), self.random.randint(0, most)))

    # ---- agents ----

    def make_agents(self):
        names = self.random.sample(NAMES, self.random.randint(2, 12))
        tools = self.make_tools(names)
        models = self.random.sample(MODELS, self.random.randint(1, len(MODELS)))
        priced = MODELS[:3] if self.chance(0.6) else self.some(MODELS[:3], 2)
        agents = {}
        for name in names:
            agent = {"description": "About %s." % name, "handoffs": self.make_handoffs(name, names),
                     "tools": self.some(list(tools), 3)}
            if self.chance(0.6):
                agent["model"] = self.pick(models)
            if self.chance(0.3):
                agent["instructions"] = "Be brief."
            agents[name] = agent
        node = {"version": 1, "entry": names[0], "agents": agents, "tools": tools}
        limits = {}
        if self.chance(0.4):
            limits[self.pick(["max_turns", "maxTurns"])] = self.pick([-1, 1, 2, 3, 3, 4, 6, 20, 0])
        if self.chance(0.3):
            limits[self.pick(["max_handoffs", "maxHandoffs"])] = self.pick([-1, 0, 1, 2, 3])
        if limits:
            node["limits"] = limits
        if self.chance(0.5):
            node["loops"] = {"repeats": self.pick([2, 2, 2, 3]), "max_cycle": self.pick([1, 2, 4]),
                             "action": self.pick(["report", "stop"])}
        if self.chance(0.2):
            node["on_handoff"] = self.pick(["continue", "stop"])
        if self.chance(0.5):
            node["defaults"] = {"model": self.pick(MODELS[:3])}
        if self.chance(0.7):
            node["prices"] = {model: self.make_price() for model in priced}
        return node

    def make_price(self):
        price = {"in": self.pick([0, 1, 0.15, 2.5]), "out": self.pick([5, 15, 0.6])}
        if self.chance(0.5):
            price.update({"cached": 0.1, "cache_write": 1.25})
        return price

    def make_tools(self, names):
        tools = {}
        for name in self.random.sample(["look", "search_docs", "quote-price", "ask", "T2"], self.random.randint(0, 4)):
            tools[name] = {"description": "Does it."}
            if self.chance(0.25):
                tools[name]["agent"] = self.pick(names)
            else:
                tools[name]["result"] = "fixed"
            if self.chance(0.5):
                tools[name]["parameters"] = copy.deepcopy(REASON)
        return tools

    def make_handoffs(self, own, names):
        """To some agents, itself at times; agents without any are leaves."""
        if self.chance(0.15):
            return []
        made, taken = [], set()
        for target in self.random.sample(names, self.random.randint(1, min(len(names), 5))):
            if target == own and self.chance(0.9):
                continue
            handoff = {"agent": target}
            if self.chance(0.15):
                handoff["tool"] = self.pick(["go_%d" % len(made), "transfer_to_%d" % len(made)])
            if self.chance(0.25):
                handoff["input"] = copy.deepcopy(REASON)
            if self.chance(0.3):
                last = {"last": self.random.randint(1, 6)}
                handoff["history"] = self.pick(["full", "none", "last_user", "no_tools", last])
            if self.chance(0.12):
                handoff["enabled"] = False
            tool = Handoff(handoff).tool
            if tool in taken:
                continue
            taken.add(tool)
            made.append(target if len(handoff) == 1 and self.chance(0.7) else handoff)
        return made

    # ---- one recording ----

    def call(self, name, arguments="{}"):
        self.call_count += 1
        call_id = "c%d" % (self.call_count if self.chance(0.9) else 1)
        return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}

    def assistant(self, agent, text, calls=()):
        message = {"role": "assistant", "content": text}
        if self.chance(self.naming):
            message[self.pick(["agent", "agent", "sender", "name"])] = agent
        if calls:
            message["tool_calls"] = list(calls)
        if self.chance(self.timings):
            message["latency_ms"] = self.pick([5, 420, 87.5, self.random.randint(1, 3000)])
            if self.chance(0.9):
                message["ttft_ms"] = int(message["latency_ms"] * 0.7)
        if self.chance(self.usages):
            message["usage"] = self.make_usage()
        if self.chance(self.finishes):
            others = self.pick(["stop"] * 6 + ["length", "content_filter", "refusal"])
            message["finish_reason"] = "tool_calls" if calls else others
        return message

    def make_usage(self):
        tokens = self.random.randint(0, 2000)
        return self.pick([
            {"input_tokens": tokens, "output_tokens": 30},
            {"input_tokens": tokens, "output_tokens": 30, "cached_tokens": 7, "cache_write_tokens": 3,
             "reasoning_tokens": 2},
            {"prompt_tokens": tokens, "completion_tokens": 11, "prompt_tokens_details": {"cached_tokens": 100},
             "completion_tokens_details": {"reasoning_tokens": 5}},
            {},
        ])

    def result(self, call, text):
        return {"role": "tool", "tool_call_id": call["id"], "content": text}

    def good_arguments(self, schema):
        if schema is None:
            return self.pick(["{}", "", None, '{"reason":"F1 said so"}', "{bad", "[1]", {"reason": "as an object"}])
        return self.pick(['{"reason":"F1 said so"}', '{"reason":"x","seats":3}', '{"reason":"x","plan":"team"}'])

    def bad_arguments(self):
        return self.pick(["", "{}", "{bad", "[]", '{"reason":3}', '{"reason":"x","seats":0}',
                          '{"reason":"x","plan":"none"}'])

    def handoff_calls(self, agent):
        """Calls that try to hand over, and where the generator believes that they lead."""
        handoffs = list(self.agents.handoffs[agent].values())
        open_ones = [handoff for handoff in handoffs if handoff.is_enabled]
        kind = self.random.random()
        if kind < 0.05 or not handoffs:
            name = self.pick([PREFIX + "nobody", PREFIX + self.pick(self.agents.names).replace(" ", "_"), PREFIX])
            return [self.call(name)], None, True
        if kind < 0.12:
            handoff = self.pick(handoffs)
            if handoff.input is not None or not handoff.is_enabled:
                return [self.call(handoff.tool, self.bad_arguments())], None, True
        if not open_ones:
            return [self.call(self.pick(handoffs).tool)], None, True
        handoff = self.pick(open_ones)
        calls = [self.call(handoff.tool, self.good_arguments(handoff.input))]
        if self.chance(0.1):
            other = self.pick(handoffs)
            calls.append(self.call(other.tool, self.good_arguments(other.input)))
        if self.chance(0.05):
            calls.append(self.call(PREFIX + "nobody"))
        return calls, handoff.target, False

    def tool_calls(self, agent):
        names = self.agents.own_tools[agent] or ["undeclared"]
        calls = []
        for _ in range(self.random.randint(1, 3)):
            name = self.pick(names + ["undeclared"]) if self.chance(0.2) else self.pick(names)
            tool = self.agents.tools.get(name, {})
            arguments = self.good_arguments(tool.get("parameters")) if self.chance(0.85) else self.bad_arguments()
            calls.append(self.call(name, arguments if arguments != "{bad" or self.chance(0.5) else '{"input":"F2"}'))
        return calls

    def text(self):
        fact = "It is so. It is F%d." % self.random.randint(1, 9)
        text = self.pick(["All done.", "Here is F3.", "Which one?", "Ä ö ü.", fact])
        return text + (" I am %s now." % PHRASE if self.phantom_patterns and self.chance(0.1) else "")

    def say(self, agent, text, calls, refused=False):
        """An assistant message and the results of its calls."""
        messages = [self.assistant(agent, text, calls)]
        for i, call in enumerate(calls):
            if refused and i == 0 and self.chance(0.7):
                messages.append(self.result(call, "Error: no."))
            elif self.chance(0.95):
                is_transfer = call["function"]["name"].startswith(PREFIX)
                texts = ["ok"] if is_transfer else ["ok", "", "F4 found", "Error: it broke"]
                messages.append(self.result(call, self.pick(texts)))
        return messages

    def find_cycle(self, start):
        """Handoffs that lead from an agent back to it, found by chance, or none."""
        for _ in range(10):
            at, cycle = start, []
            for _ in range(4):
                ways = [h for h in self.agents.handoffs[at].values() if h.is_enabled and h.input is None]
                if not ways:
                    break
                cycle.append((at, self.pick(ways)))
                at = cycle[-1][1].target
                if at == start:
                    return cycle
        return []

    def circle(self, agent):
        """Handoffs round and round, of which the last round may end early."""
        rounds = self.find_cycle(agent) * self.random.randint(1, 4)
        rounds = rounds[:len(rounds) - self.random.randint(0, 2)]
        messages = [m for at, h in rounds for m in self.say(at, None, [self.call(h.tool)])]
        route = [handoff.target for _, handoff in rounds]
        return messages, (route or [agent])[-1], route

    def exchange(self, agent):
        """Messages up to the next user message, the agent that holds the floor at their end, and the route."""
        messages, route = [], []
        if self.chance(self.loop_rate):
            messages, agent, route = self.circle(agent)
        for _ in range(self.pick([0, 1, 1, 2, 2, 3, 6])):
            if self.chance(self.error_rate):
                failed = self.assistant(agent, None)
                failed["error"] = {"status": self.pick(STATUS_CODES), "message": "no luck"}
                failed.pop("finish_reason", None)
                return messages + [failed], agent, route
            kind = self.random.random()
            speaker = self.pick(self.agents.names) if self.chance(self.stray_rate) else agent
            if kind < 0.6 and self.agents.handoffs[agent]:
                calls, target, refused = self.handoff_calls(agent)
                if self.chance(0.15):
                    calls = self.tool_calls(agent)[:1] + calls
                messages += self.say(speaker, self.pick([None, None, "", "One moment."]), calls, refused)
                if target is not None:
                    agent = target
                    route.append(agent)
            elif kind < 0.9:
                messages += self.say(speaker, None, self.tool_calls(agent))
            else:
                messages.append(self.assistant(speaker, self.pick(["Wait.", None, ""])))
        if self.chance(0.95):
            answer = self.assistant(agent, self.text() if self.chance(0.95) else self.pick([None, ""]))
            if self.is_lossy and self.chance(0.5):
                answer.update({"content": "(not recorded)", "x-lost": ["text"]})
            if answer["content"] and self.chance(0.1):
                answer["content"] = [{"type": "text", "text": answer["content"]}, "F5"]
            messages.append(answer)
        return messages, agent, route

    # ---- expectations ----

    def any_agents(self, most):
        return [self.pick(self.agents.names) for _ in range(self.random.randint(1, most))]

    def expected_final(self, start, agent):
        right = DIRECT if start == agent and self.chance(0.5) else agent
        first = right if self.chance(self.skill) else self.pick(self.agents.names + [DIRECT])
        others = [name for name in self.any_agents(2) if self.chance(0.3)]
        return [first] + others if others or self.chance(0.1) else first

    def expected_first(self, route):
        return (route or [DIRECT])[0] if self.chance(self.skill) else self.pick(self.agents.names + [DIRECT])

    def expected_route(self, route):
        right = route if self.chance(self.skill) else self.any_agents(3) if self.chance(0.8) else []
        return right if self.chance(0.7) else [right, self.any_agents(3)]

    def make_expect(self, start, agent, messages, route):
        kind = self.random.random()
        if kind < 0.12:
            return None
        if kind < 0.15:
            return {}
        if any("error" in message for message in messages) and self.chance(0.4):
            return {"status": "error"}
        if kind < 0.17:
            return {"status": "error"}
        expect = {}
        fields = {
            "final": (0.75, lambda: self.expected_final(start, agent)),
            "first": (0.2, lambda: self.expected_first(route)),
            "route": (0.3, lambda: self.expected_route(route)),
            "max_depth": (0.08, lambda: self.random.randint(0, 4)),
            "max_turns": (0.08, lambda: self.random.randint(1, 6)),
            "loop": (0.2, lambda: self.chance(0.3)),
            "status": (0.1, lambda: self.pick(["answered"] * 9 + STATUSES)),
            "says": (0.1, lambda: self.pick(["done", "F\\d", ["^All", "e\\.$"], "(?:is|so)", "[Ff]3"])),
            "not_says": (0.1, lambda: self.pick(["sorry", ["Which", "F9"], "Ä"])),
            "tools": (0.1, self.expected_tools),
            "facts": (0.15, lambda: self.random.sample(FACTS, self.random.randint(1, 3))),
        }
        for name, (share, make) in fields.items():
            if self.chance(share) and not (name == "facts" and self.is_lossy):
                expect[name] = make()
        if "route" in expect and self.chance(0.6):
            expect["match"] = self.pick(MATCHES)
        return expect

    def expected_tools(self):
        names = list(self.agents.tools) + ["undeclared", PREFIX + self.agents.names[-1]]
        return self.pick([{"called": self.some(names, 2)}, {"not_called": self.some(names, 2)},
                          {"called": self.some(names, 1), "not_called": self.some(names, 1)}])

    # ---- conversations ----

    def record(self, entry, starts_over):
        """A recording of as many exchanges as there are flags, with what happened in each."""
        self.call_count, agent, parts = 0, entry, []
        for over in starts_over:
            start = entry if over else agent
            messages, agent, route = self.exchange(start)
            parts.append((start, agent, messages, route))
        return parts

    def user(self, index, over, expect):
        message = {"role": "user", "content": "Question %d about F%d and my order" % (index, index)}
        if over:
            message["continue"] = "entry"
        if expect is not None or self.chance(0.1):
            message["expect"] = expect
        return message

    def task(self, number, trials):
        """Conversations with the same questions and, mostly, the same expectations."""
        self.is_lossy = self.chance(self.lost_rate)
        entry = self.pick(self.agents.names) if self.chance(0.2) else self.agents.names[0]
        starts_over = [False] + [self.chance(0.08) for _ in range(self.pick([0, 0, 1, 2, 4]))]
        recordings = [self.record(entry, starts_over) for _ in range(trials)]
        expects = [self.make_expect(*part) for part in recordings[0]]
        first, last = recordings[0][0], recordings[0][-1]
        whole = None
        if self.chance(0.2):
            whole = self.make_expect(first[0], last[1], [], [agent for part in recordings[0] for agent in part[3]])
            whole = None if whole is not None and whole.get("status") == "error" else whole
        common = {"tags": self.some(TAGS, 2)} if self.chance(0.6) else {}
        if entry != self.agents.names[0] or self.chance(0.3):
            common["entry"] = entry
        if self.chance(0.3):
            common["weight"] = self.pick(WEIGHTS)
        if self.has_clusters and self.chance(0.6):
            common["cluster"] = self.pick(["group %d", "task %d"]) % self.random.randint(1, 6)
        if trials > 1 or self.chance(0.1):
            # The last is also the id of another conversation, which is another case.
            common["case"] = self.pick(["task %d"] * 9 + ["t%d-0"]) % (number + 1)
        return [self.conversation("t%d-%d" % (number, i), starts_over, recording, expects, whole, common)
                for i, recording in enumerate(recordings)]

    def conversation(self, name, starts_over, recording, expects, whole, common):
        messages = []
        if self.chance(0.1):
            messages.append({"role": self.pick(["system", "developer"]), "content": "F2 rules."})
        if self.chance(0.05):
            messages.append(self.assistant(recording[0][0], "Welcome, F1."))
        for index, (over, part, expect) in enumerate(zip(starts_over, recording, expects)):
            own = self.make_expect(*part) if self.chance(0.05) else expect
            messages.append(self.user(index, over, own))
            messages += part[2]
        node = {"id": name, **copy.deepcopy(common), "messages": messages}
        if whole is not None:
            node["expect"] = whole
        return node

    def make_conversations(self):
        self.has_clusters = self.chance(0.4)
        trial_share = self.pick([0, 0, 0.3, 1])
        size, number, conversations = self.pick([1, 3, 8, 20, 40, 60]), 0, []
        while len(conversations) < size:
            trials = self.random.randint(2, 5) if self.chance(trial_share) else 1
            conversations += self.task(number, trials)
            number += 1
        return conversations

    # ---- the suite ----

    def make_gates(self):
        agents = [name for name in self.agents.names if "[" not in name]
        one, other = self.pick(agents), self.pick(agents)
        forms = ["accuracy >= 0.7", "accuracy.ci_low >= 0.3", "first_hop >= 0.5", "route >= 0.5 if n >= 5",
                 "all_expectations >= 0.4", "recall[%s] >= 0.5" % one, "f1[%s] >= 0.2 if n >= 3" % other,
                 "loops <= 2", "exhausted == 0", "unanswered < 3", "invalid_handoffs <= 5", "loops.rate <= 0.1",
                 "unanswered.rate <= 0.3", "exhausted.rate <= 0.2", "errors.rate <= 0.05", "depth.max <= 3",
                 "depth.mean <= 1.5", "depth.p95 <= 4", "turns.p95 <= 6",
                 "turns.p99 <= 9 if n >= 30", "turns.mean <= 3", "latency.exchange.p95 <= 4000",
                 "latency.hop.p99 <= 3000",
                 "latency.ttft.p50 <= 2000 if n >= 4", "cost_usd.mean <= 0.01", "accuracy[tag:billing] >= 0.8",
                 "accuracy[language:de] >= 0.5 if n >= 2", "accuracy[position:first] > 0.5"]
        return self.some(forms, 6)

    def make_weights(self):
        names = self.agents.names
        pairs = ["%s > %s" % (self.pick(names), self.pick(names + ["@none", "*"])) for _ in range(3)]
        weights = {pair: self.pick([0, 0.5, 2, 20]) for pair in pairs + ["* > @exhausted"]}
        if self.chance(0.5):
            weights["*"] = self.pick([1, 1.5])
        return weights

    def write(self, folder):
        os.makedirs(folder, exist_ok=True)
        agents = self.make_agents()
        self.agents = Agents(agents)
        conversations = self.make_conversations()
        if not any(message["role"] == "assistant" for one in conversations for message in one["messages"]):
            conversations[0]["messages"].append({"role": "assistant", "content": "Yes."})
        agents_file = self.pick(["agents.json", "agents.yaml"])
        cut = self.random.randint(0, len(conversations)) if self.chance(0.2) else len(conversations)
        parts = [part for part in (conversations[:cut], conversations[cut:]) if part]
        suite = {"version": 1, "name": "suite %d" % self.seed, "agents": agents_file,
                 "conversations": ["part%d.jsonl" % i for i in range(len(parts))], "provider": "transcript"}
        if self.chance(0.3):
            suite["repeat"] = self.random.randint(2, 4)
        if self.chance(0.3):
            suite["seed"] = self.random.randint(0, 1000)
        if self.phantom_patterns is not None:
            suite["phantom_patterns"] = self.phantom_patterns
        if self.chance(0.3):
            suite["weights"] = self.make_weights()
        if self.chance(0.6):
            suite["gates"] = self.make_gates()
        put(folder, agents_file, json.dumps(agents, ensure_ascii=False, indent=1))
        put(folder, "suite.json", json.dumps(suite, ensure_ascii=False, indent=1))
        for i, part in enumerate(parts):
            put(folder, "part%d.jsonl" % i, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in part))


def put(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def generate(seed, folder):
    Generator(seed).write(folder)


if __name__ == "__main__":
    generate(int(sys.argv[1]), sys.argv[2])
