"""Computes summary.json of a suite from its files and the reference pages alone.

usage: oracle.py SUITE.json
"""

import json
import os
import re
import sys
from collections import Counter, defaultdict
from fractions import Fraction

import figures
from figures import Label, Trial, rate_of, ratio
from judge import Detour, Observation, Verdict, reason_left_out
from replay import Agents, Conversation, Replay, without_loops

FINISHES = ("stop", "tool_calls", "length", "content_filter", "refusal")
REASONS = ("error", "after_cut", "diverged", "lost")
EXHAUSTED = ("max_turns", "max_handoffs", "loop")
SUSPECTS_MAX = 50
ENOUGH = {"p95": 20, "p99": 100}  # values that a gate on a percentile needs


class Play:
    """One run of a conversation, judged. Verdicts by exchange index, None for the conversation as a whole."""

    def __init__(self, agents, conversation):
        self.conversation = conversation
        self.exchanges = Replay(agents, conversation).play()
        self.verdicts, self.left_out = {}, {}
        for index, asked in enumerate(conversation.asked):
            expect = conversation.messages[asked].expect
            if expect is None:
                continue
            if index >= len(self.exchanges):
                self.left_out[index] = "diverged"
                continue
            exchange = self.exchanges[index]
            self.judge(index, expect, exchange, [exchange])
        if conversation.expect is not None:
            cut = next((e for e in self.exchanges if e.after_cut), self.exchanges[-1])
            self.judge(None, conversation.expect, cut, self.exchanges)

    def judge(self, index, expect, exchange, exchanges):
        observation = Observation(exchanges)
        reason = reason_left_out(expect, exchange, observation)
        if reason is not None:
            self.left_out[index] = reason
        else:
            self.verdicts[index] = Verdict(expect, observation)

    @property
    def has_error(self):
        return any(exchange.is_error for exchange in self.exchanges)

    @property
    def passed(self):
        """None where nothing was judged: then it is no trial."""
        verdicts = [verdict.is_correct for verdict in self.verdicts.values() if verdict.is_correct is not None]
        return all(verdicts) if verdicts else None

    def position(self, index):
        if index is None:
            return None
        exchange = self.exchanges[index]
        if index == 0:
            return "first"
        return "stay" if self.verdicts[index].accepted[0] == exchange.start else "switch"

    def expect(self, index):
        conversation = self.conversation
        return conversation.expect if index is None else conversation.messages[conversation.asked[index]].expect


class Labels:
    """All labels of a run, by family and identity, in input order."""

    def __init__(self, plays):
        self.families = {name: {} for name in ("final", "first", "route", "all", "facts")}
        self.left_out = {}
        for play in plays:
            for index, verdict in play.verdicts.items():
                self.add(play, index, verdict)
            for index, reason in play.left_out.items():
                self.left_out.setdefault(self.identity(play, index), reason)

    @staticmethod
    def identity(play, index):
        return play.conversation.case, index, json.dumps(play.expect(index), sort_keys=True)

    def add(self, play, index, verdict):
        identity = self.identity(play, index)
        if verdict.is_correct is None:
            self.left_out.setdefault(identity, "lost")
        values = {("all",): verdict.is_correct}
        values.update({(name,): verdict.fields[name] for name in ("final", "first", "route") if name in verdict.fields})
        values.update({("facts", i): kept for i, kept in enumerate(verdict.facts)})
        for (family, *which), value in values.items():
            if value is not None:
                label = self.families[family].setdefault((*identity, *which), Label(play.conversation, index))
                position = play.position(index) if family == "final" else None
                label.trials.append(Trial(value, play.conversation, verdict, position))

    def of(self, family):
        return list(self.families[family].values())

    @property
    def not_judged(self):
        counts = Counter(reason for identity, reason in self.left_out.items() if identity not in self.families["all"])
        return {reason: counts[reason] for reason in REASONS}


class Suite:
    def __init__(self, path):
        folder = os.path.dirname(path)
        with open(path, encoding="utf-8") as file:
            self.node = json.load(file)
        with open(os.path.join(folder, self.node["agents"]), encoding="utf-8") as file:
            self.agents = Agents(json.load(file))
        names = self.node["conversations"]
        self.conversations = []
        for name in [names] if isinstance(names, str) else names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                self.conversations += [Conversation(json.loads(line), self.agents) for line in file if line.strip()]
        self.repeat = self.node.get("repeat", 1)


class Run:
    """Every repeat of a deterministic replay is the same play."""

    def __init__(self, suite):
        self.suite, self.agents = suite, suite.agents
        self.plays = [play for conversation in suite.conversations
                      for play in [Play(suite.agents, conversation)] * suite.repeat]
        self.all = [exchange for play in self.plays for exchange in play.exchanges]
        self.sound = [exchange for exchange in self.all if not exchange.is_error]
        self.sound_plays = [play for play in self.plays if not play.has_error]
        self.labels = Labels(self.plays)
        self.finals = self.labels.of("final")

    def summary(self):
        suite = self.suite
        out = {
            "suite": {"name": suite.node.get("name"), "provider": "transcript", "profile": self.agents.profile,
                      "seed": suite.node.get("seed", 0), "repeat": suite.repeat, "shard": None},
            "counts": self.counts(), "not_judged": self.labels.not_judged, "routing": self.routing(),
            "depth": self.depth(), "loops": self.loops(), "latency": self.latency(), "turns": self.turns(),
            "rates": self.rates(), "finish": self.finish(), "errors_by_fault": self.errors_by_fault(),
            "tokens": self.tokens(), "cost_usd": self.cost(), "edges": self.edges(), "coverage": self.coverage(),
            "repeats": self.repeats(), "slices": self.slices(), "baseline": None,
        }
        out.update(self.suspects())
        out["gates"] = [self.gate(out, text) for text in suite.node.get("gates") or []]
        if out["gates"]:
            is_pass = all(gate["verdict"] != "fail" for gate in out["gates"])
        else:
            is_pass = all(label.share == 1 for label in self.labels.of("all"))
        out["verdict"] = "pass" if is_pass else "fail"
        return out

    # ---- counts ----

    def status_count(self, *statuses):
        return sum(exchange.status in statuses for exchange in self.all)

    def counts(self):
        conversations = self.suite.conversations
        return {
            "conversations": len(conversations), "plays": len(self.plays),
            "cases": len({c.case for c in conversations}), "clusters": len({c.cluster for c in conversations}),
            "exchanges": len(self.all), "turns": sum(len(e.turns) for e in self.all),
            "answered": self.status_count("answered"), "unanswered": self.status_count("unanswered"),
            "labelled": len(self.labels.of("all")),
            "handoffs": sum(e.depth for e in self.all), "invalid_handoffs": sum(e.invalid for e in self.all),
            "phantom_handoffs": self.phantoms(), "tool_calls": sum(e.tool_calls for e in self.all),
            "diverged": sum(any(e.diverged for e in play.exchanges) for play in self.plays),
            "exhausted": self.status_count(*EXHAUSTED), "errors": self.status_count("error"),
            "hallucinated_targets": sum(turn.invented for e in self.all for turn in e.turns),
            "after_cut": sum(e.after_cut for e in self.all), "unreachable": self.unreachable(),
        }

    def unreachable(self):
        def is_unreachable(label):
            verdict = label.trials[0].verdict
            return not any(agent in self.agents.hops[verdict.observation.start] for agent in verdict.accepted)

        return sum(map(is_unreachable, self.finals))

    def phantoms(self):
        """With the suite's own patterns; the generator writes no text that baton's own would find."""
        patterns = self.suite.node.get("phantom_patterns")
        answers = [e.text for e in self.all if e.status == "answered" and not e.is_lost]
        if not answers or patterns == []:
            return None
        return sum(any(re.search(p, text, re.IGNORECASE) for p in patterns or []) for text in answers)

    # ---- routing ----

    def routing(self):
        finals = self.finals
        weighted, counted, order = figures.confusion(finals, self.agents)
        out = {"accuracy": rate_of(finals), "first_hop": rate_of(self.labels.of("first")),
               "route": rate_of(self.labels.of("route")), "all_expectations": rate_of(self.labels.of("all")),
               "facts": rate_of(self.labels.of("facts"))}
        out.update(figures.matrix_figures(weighted, order))
        out.update(figures.routing_errors(finals))
        out["agents"] = figures.agent_scores(finals, weighted, counted, order)
        out["confusion"] = {"labels": order, "rows": [[weighted.get((a, b), 0) for b in order] for a in order]}
        out["by_position"] = {position: rate_of([label for label in finals if label.trials[0].position == position])
                              for position in ("first", "stay", "switch")}
        out["cost"] = figures.cost_of_wrong_routes(weighted, self.suite.node.get("weights"))
        return out

    def slices(self):
        parts = defaultdict(list)
        for label in self.finals:
            own = defaultdict(list)
            for trial in label.trials:
                for key in self.slices_of(trial, label):
                    own[key].append(trial)
            for key, trials in own.items():
                part = Label(label.conversation, label.exchange)
                part.trials = trials
                parts[key].append(part)
        keys = sorted(parts, key=lambda key: (key[0], key[1].encode()))
        return [{"by": by, "value": value, "n": len(parts[by, value]), "accuracy": rate_of(parts[by, value])}
                for by, value in keys]

    def slices_of(self, trial, label):
        for tag in trial.conversation.tags:
            yield ("language", tag[5:]) if tag.startswith("lang:") else ("tag", tag)
        yield "entry", trial.conversation.entry
        if label.trials[0].position is not None:
            yield "position", label.trials[0].position
        model = self.agents.model.get(trial.verdict.observation.outcome, "")
        if model:
            yield "model", model

    def suspects(self):
        found = []
        for label in self.finals:
            outcomes = {trial.verdict.observation.outcome for trial in label.trials}
            observed = next(iter(outcomes))
            if len(label.trials) >= 2 and label.share == 0 and len(outcomes) == 1 and not observed.startswith("@"):
                found.append({"id": label.conversation.id, "exchange": label.exchange,
                              "expected": label.trials[0].verdict.accepted[0], "observed": observed,
                              "trials": len(label.trials)})
        return {"label_suspects": found[:SUSPECTS_MAX], "label_suspects_n": len(found)}

    # ---- depth ----

    def depth(self):
        depths = [e.depth for e in self.sound]
        conversations = Counter(sum(e.depth for e in play.exchanges) for play in self.sound_plays)
        return {
            "per_exchange": {str(k): v for k, v in Counter(depths).items()},
            "per_conversation": {str(k): v for k, v in conversations.items()},
            "n": len(depths), "mean": ratio(sum(depths), len(depths)), "max": max(depths, default=None),
            **figures.percentiles(depths, (95,)),
            "share_4_or_more": ratio(sum(depth >= 4 for depth in depths), len(depths)),
            "exchange": self.hops(lambda index: index is not None),
            "conversation": self.hops(lambda index: index is None),
            "looped_all": sum(e.depth + 1 - len(without_loops(e.path)) for e in self.sound),
        }

    def hops(self, keep):
        arrived = [Detour(self.agents, verdict.observation.path, verdict.observation.final) for play in self.plays
                   for index, verdict in play.verdicts.items() if keep(index) and verdict.fields.get("final")]
        arrived = [detour for detour in arrived if detour.optimal is not None]
        return {"n": len(arrived), "hops": sum(d.hops for d in arrived),
                "optimal_hops": sum(d.optimal for d in arrived), "detour_hops": sum(d.detour for d in arrived),
                "looped_hops": sum(d.looped for d in arrived)}

    # ---- loops ----

    def loops(self):
        looping = [e for e in self.sound if e.cycle]
        revisits = [len(set(e.path)) < len(e.path) for e in self.sound]
        costs = [figures.LoopCost(e) for e in looping]
        return {
            "exchanges": len(looping),
            "conversations": self.plays_with(lambda e: e.cycle),
            "self": sum(e.cycle[0] == 1 for e in looping), "ping_pong": sum(e.cycle[0] == 2 for e in looping),
            "cycle": sum(e.cycle[0] >= 3 for e in looping),
            "revisit_exchanges": sum(revisits),
            "revisit_conversations": self.plays_with(lambda e: len(set(e.path)) < len(e.path)),
            "rate": ratio(len(looping), len(self.sound)),
            "wasted_turns": sum(cost.wasted for cost in costs), "saved_turns": sum(cost.saved for cost in costs),
            "detector": self.detector(),
        }

    def plays_with(self, has):
        return sum(any(not e.is_error and has(e) for e in play.exchanges) for play in self.plays)

    def detector(self):
        cells = Counter((verdict.observation.has_loop, play.expect(index)["loop"]) for play in self.plays
                        for index, verdict in play.verdicts.items() if "loop" in verdict.fields)
        tp, fp, fn, tn = (cells[key] for key in ((True, True), (True, False), (False, True), (False, False)))
        return {"tp": tp, "fp": fp, "fn": fn, "tn": tn, "precision": ratio(tp, tp + fp), "recall": ratio(tp, tp + fn)}

    # ---- latency ----

    def latency(self):
        times = {id(e): self.time_of(e) for e in self.sound}
        timed = [e for e in self.sound if times[id(e)] is not None]
        texts = [self.first_text(e) for e in self.sound if any(turn.text for turn in e.turns)]
        hops = [self.hop_times(e) for e in self.sound]
        wholes = [[times[id(e)] for e in play.exchanges] for play in self.sound_plays]
        hop_ns = sum(hop for e in timed for hop in self.hop_times(e) if hop is not None)
        return {
            "exchange": distribution(times[id(e)] for e in self.sound),
            "ttft": distribution(texts), "hop": distribution(hop for some in hops for hop in some),
            "conversation": distribution(None if None in whole else sum(whole) for whole in wholes),
            "routing_tax": ratio(hop_ns, sum(times[id(e)] for e in timed)),
        }

    @staticmethod
    def time_of(exchange):
        times = [turn.latency for turn in exchange.turns]
        return None if not times or None in times else sum(times)

    @staticmethod
    def first_text(exchange):
        passed = 0
        for turn in exchange.turns:
            if turn.text:
                return None if turn.ttft is None else passed + turn.ttft
            if turn.latency is None:
                return None
            passed += turn.latency
        return None

    @staticmethod
    def hop_times(exchange):
        """From the call that handed over to the next agent's call; None unless both took place and are timed."""
        turns = exchange.turns + [None]
        return [turn.latency if after is not None and after.latency is not None else None
                for turn, after in zip(turns, turns[1:]) if turn.handoff_to is not None]

    # ---- turns, rates, finish, errors ----

    def turns(self):
        counts = [len(e.turns) for e in self.sound]
        correct = [len(play.exchanges[index].turns) for play in self.plays for index, verdict in play.verdicts.items()
                   if index is not None and verdict.is_correct and not play.exchanges[index].is_error]
        headroom = None
        if self.agents.max_turns >= 0 and correct:
            headroom = self.agents.max_turns - figures.percentiles(correct, (99,))["p99"]
        return {"n": len(counts), "mean": ratio(sum(counts), len(counts)), **figures.percentiles(counts, (50, 95, 99)),
                "max": max(counts, default=None),
                "headroom": headroom}

    def rates(self):
        sound = len(self.sound)
        return {"loops": ratio(sum(e.cycle is not None for e in self.sound), sound),
                "exhausted": ratio(self.status_count(*EXHAUSTED), sound),
                "unanswered": ratio(self.status_count("unanswered"), sound),
                "errors": ratio(len(self.all) - sound, len(self.all))}

    def finish(self):
        counts = Counter(turn.finish if turn.finish in FINISHES else "other"
                         for e in self.all for turn in e.turns if turn.finish)
        return {name: counts[name] for name in FINISHES + ("other",)}

    def errors_by_fault(self):
        return dict(sorted(Counter(e.fault for e in self.all if e.is_error).items()))

    # ---- tokens and money ----

    def tokens(self):
        used = [turn.usage for e in self.all for turn in e.turns if turn.usage is not None]
        if not used:
            return None
        names = ("input", "output", "cached", "cache_write", "reasoning")
        return {"n": len(used), **{name: sum(getattr(usage, name) for usage in used) for name in names},
                "nested": {"n": 0, **{name: 0 for name in names}}}

    def pico_usd(self, turn):
        """Of a turn with a price; None where it has tokens and no price."""
        price = self.agents.prices.get(self.agents.model[turn.agent])
        if price is None:
            return None

        def of(name):
            return int(price.get(name, 0) * 1e6 + 0.5)

        usage = turn.usage
        return (usage.input * of("in") + usage.cached * of("cached")
                + usage.cache_write * of("cache_write") + usage.output * of("out"))

    def cost(self):
        agents, edges, known = Counter(), Counter(), 0
        for play in self.plays:
            turns = [turn for e in play.exchanges for turn in e.turns if turn.usage is not None]
            spent = [self.pico_usd(turn) for turn in turns]
            if not turns or None in spent:
                continue
            known += 1
            for turn, pico in zip(turns, spent):
                agents[turn.agent] += pico
                if turn.handoff_to is not None:
                    edges[turn.agent, turn.handoff_to] += pico
        if known == 0:
            return None
        total = sum(agents.values())
        names = self.agents.names
        return {"n": known, "total": Fraction(total, 10**12), "mean": Fraction(total, known * 10**12),
                "routing_share": ratio(sum(edges.values()), total),
                "agents": [{"agent": a, "total": Fraction(agents[a], 10**12)} for a in names if agents[a]],
                "edges": [{"from": a, "to": b, "total": Fraction(edges[a, b], 10**12)}
                          for a in names for b in names if edges[a, b]]}

    # ---- coverage ----

    def used_edges(self):
        return Counter((turn.agent, turn.handoff_to) for e in self.all for turn in e.turns
                       if turn.handoff_to is not None)

    def edges(self):
        used = self.used_edges()
        return [{"from": a, "to": b, "count": used[a, b]}
                for a, b in sorted(used, key=lambda edge: (edge[0].encode(), edge[1].encode()))]

    def coverage(self):
        names, used = self.agents.names, self.used_edges()
        met = {turn.agent for e in self.all for turn in e.turns} | {to for _, to in used}
        declared = list(dict.fromkeys((name, handoff.target) for name in names
                                      for handoff in self.agents.handoffs[name].values() if handoff.is_enabled))
        return {"agents": ratio(len(met), len(names)),
                "edges": ratio(sum(edge in used for edge in declared), len(declared)),
                "unused_agents": [name for name in names if name not in met],
                "unused_edges": [{"from": a, "to": b} for a, b in declared if (a, b) not in used]}

    # ---- repeats ----

    def repeats(self):
        trials = defaultdict(list)
        for play in self.plays:
            if play.passed is not None:
                trials[play.conversation.case].append(play.passed)
        most = max(map(len, trials.values()), default=0)
        if most < 2:
            return None
        return {"n": most, "cases": len(trials), "always": sum(all(t) for t in trials.values()),
                "never": sum(not any(t) for t in trials.values()),
                "flaky": sum(any(t) and not all(t) for t in trials.values()),
                "passes": figures.passes(trials), "flakiest": figures.flakiest(trials)}

    # ---- gates ----

    def figure(self, out, name):
        """Value and n of a figure that the generator may ask for."""
        head, _, tail = name.partition(".")
        if head in ("accuracy", "first_hop", "route", "all_expectations"):
            block = out["routing"][head]
            return block[tail or "value"], block["n"]
        score = re.fullmatch(r"(recall|precision|f1)\[(.*)\]", name)
        if score:
            rows = [row for row in out["routing"]["agents"] if row["agent"] == score[2]]
            return (rows[0][score[1]], rows[0]["n"]) if rows else (None, 0)
        if name in ("exhausted", "unanswered", "invalid_handoffs"):
            return out["counts"][name], len(self.sound)
        if name == "loops":
            return out["loops"]["exchanges"], len(self.sound)
        if name.endswith(".rate"):
            return out["rates"][head], len(self.all if head == "errors" else self.sound)
        part = re.fullmatch(r"accuracy\[(\w+):(.*)\]", name)
        if part:
            found = [row["accuracy"] for row in out["slices"] if (row["by"], row["value"]) == part.groups()]
            return (found[0]["value"], found[0]["n"]) if found else (None, 0)
        if head == "cost_usd":
            return (out[head][tail], out[head]["n"]) if out[head] else (None, 0)
        if head in ("depth", "turns"):
            return out[head][tail], out[head]["n"]
        block = out["latency"][tail.split(".")[0]]
        return block[tail.split(".")[1]], block["n"]

    def gate(self, out, text):
        form = re.fullmatch(r"(.+?) (>=|<=|==|!=|>|<) (\S+)(?: if n >= (\d+))?", text)
        name, op, least = form[1], form[2], form[4]
        value, n = self.figure(out, name)
        bound = float(form[3]) if isinstance(value, float) else Fraction(form[3])
        if least is None and n < ENOUGH.get(name.rpartition(".")[2], 0):
            value = None
        holds = value is not None and {">=": value >= bound, "<=": value <= bound, ">": value > bound,
                                       "<": value < bound, "==": value == bound, "!=": value != bound}[op]
        verdict = "skip" if least is not None and n < int(least) else "pass" if holds else "fail"
        return {"gate": text, "value": value, "n": n, "verdict": verdict}


def distribution(times):
    """Of nanoseconds, in milliseconds; None: not timed."""
    times = list(times)
    known = [Fraction(time, 10**6) for time in times if time is not None]
    return {"n": len(known), "untimed": len(times) - len(known), "sum": sum(known) if known else None,
            "min": min(known, default=None), "max": max(known, default=None),
            **figures.percentiles(known, (50, 90, 95, 99))}


def summarize(path):
    return Run(Suite(path)).summary()


if __name__ == "__main__":
    print(json.dumps(summarize(sys.argv[1]), indent=1, ensure_ascii=False, default=float))
