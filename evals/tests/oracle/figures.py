"""From judged labels to figures: exact fractions until the last formula."""

import math
from collections import defaultdict
from fractions import Fraction

Z = 1.959963984540054


def ratio(part, whole):
    return None if whole == 0 else float(Fraction(part) / Fraction(whole))


def wilson(p, n):
    """The interval at a share p (exact) of n (which may be no whole number)."""
    value, z2 = float(p), Z * Z
    middle, half = value + z2 / (2 * n), Z * math.sqrt(value * (1 - value) / n + z2 / (4 * n * n))
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return 0.0 if p == 0 else low, 1.0 if p == 1 else high


def rate(items):
    """Items are (weight, value, cluster); one interval for all rates: Wilson at n / max(1, design effect)."""
    n, weight = len(items), sum(w for w, _, _ in items)
    if n == 0:
        return {"correct": 0, "n": 0, "n_eff": None, "value": None, "ci_low": None, "ci_high": None}
    values = [v for _, v, _ in items]
    value = Fraction(sum(w * v for w, v, _ in items)) / weight
    residuals = defaultdict(Fraction)
    for w, v, cluster in items:
        residuals[cluster] += w * (v - value)
    groups = len(residuals)
    if groups == 1 or len(set(values)) == 1:
        n_eff = Fraction(groups)
    else:
        variance = Fraction(groups, groups - 1) * sum(e * e for e in residuals.values()) / (weight * weight)
        effect = variance / (value * (1 - value) / (n - 1))
        n_eff = n / max(Fraction(1), effect)
    low, high = wilson(value, float(n_eff))
    return {"correct": sum(values), "n": n, "n_eff": n_eff, "value": value, "ci_low": low, "ci_high": high}


def nearest_rank(ordered, percent):
    return ordered[(percent * len(ordered) + 99) // 100 - 1]


def percentiles(values, ranks):
    ordered = sorted(values)
    return {"p%d" % rank: nearest_rank(ordered, rank) if ordered else None for rank in ranks}


# ---- labels ----

class Trial:
    """One judgement of a label: of a final agent also where it stands in the confusion matrix."""

    def __init__(self, value, conversation, verdict=None, position=None):
        self.value, self.conversation, self.verdict, self.position = value, conversation, verdict, position


class Label:
    """Its first conversation, in input order, gives the weight and the cluster."""

    def __init__(self, conversation, exchange):
        self.conversation, self.exchange = conversation, exchange
        self.weight, self.cluster = Fraction(str(conversation.weight)), conversation.cluster
        self.trials = []

    @property
    def share(self):
        return Fraction(sum(trial.value for trial in self.trials), len(self.trials))


def rate_of(labels):
    return rate([(label.weight, label.share, label.cluster) for label in labels])


def part_of(labels, keep):
    """The labels with those of their trials that `keep` keeps."""
    kept = []
    for label in labels:
        trials = [trial for trial in label.trials if keep(trial)]
        if trials:
            part = Label(label.conversation, label.exchange)
            part.trials = trials
            kept.append(part)
    return kept


# ---- confusion ----

def confusion(labels, agents):
    """Cells in weights, and in labels whatever their weight."""
    weighted, counted = defaultdict(Fraction), defaultdict(Fraction)
    for label in labels:
        for trial in label.trials:
            cell = trial.verdict.expected, trial.verdict.observation.outcome
            weighted[cell] += label.weight / len(label.trials)
            counted[cell] += Fraction(1, len(label.trials))
    seen = {name for cell in weighted for name in cell}
    order = [name for name in agents.names + ["@none", "@exhausted", "@invalid"] if name in seen]
    return weighted, counted, order


def sums(cells, name):
    row = sum(value for (expected, _), value in cells.items() if expected == name)
    column = sum(value for (_, observed), value in cells.items() if observed == name)
    return row, column, cells.get((name, name), Fraction(0))


def recall_items(labels, agent):
    """One item for each label that has trials in the agent's row."""
    items = []
    for label in labels:
        row = [trial for trial in label.trials if trial.verdict.expected == agent]
        if row:
            items.append((label.weight * Fraction(len(row), len(label.trials)),
                          Fraction(sum(trial.verdict.observation.outcome == agent for trial in row), len(row)),
                          label.cluster))
    return items


def agent_scores(labels, weighted, counted, order):
    scores = []
    for name in order:
        if name.startswith("@"):
            continue
        row, column, both = sums(weighted, name)
        support, predicted, tp = sums(counted, name)
        recall = rate(recall_items(labels, name))
        scores.append({"agent": name, "support": support, "predicted": predicted, "tp": tp,
                       "precision": ratio(both, column), "recall": ratio(both, row),
                       "f1": ratio(2 * both, row + column), "n": recall["n"], "n_eff": recall["n_eff"],
                       "ci_low": recall["ci_low"], "ci_high": recall["ci_high"]})
    return scores


def mean(values):
    return None if not values else sum(values) / len(values)


def matrix_figures(weighted, order):
    rows = {name: sums(weighted, name) for name in order}
    total = sum(weighted.values())
    supported = [row for row in rows.values() if row[0] > 0]
    f1 = [ratio(2 * both, row + column) for row, column, both in supported]
    hit = sum(both for _, _, both in rows.values())
    by_chance = sum(row * column for row, column, _ in rows.values())
    spread = math.prod(total * total - sum(row[i] * row[i] for row in rows.values()) for i in (0, 1))
    return {
        "majority": ratio(max((row for row, _, _ in rows.values()), default=0), total),
        "balanced": mean([ratio(both, row) for row, _, both in supported]),
        "macro_f1": mean(f1),
        "weighted_f1": ratio(sum(row[0] * Fraction(f) for row, f in zip(supported, f1)), total),
        "kappa": ratio(hit * total - by_chance, total * total - by_chance),
        "mcc": None if spread == 0 else float(hit * total - by_chance) / math.sqrt(spread),
    }


def routing_errors(labels):
    """Handed over without need; kept, or ended without an answer; wrong agent."""
    direct = over = routed = under = wrong = Fraction(0)
    for label in labels:
        weight = label.weight / len(label.trials)
        for trial in label.trials:
            verdict = trial.verdict
            holder, outcome = verdict.observation.start, verdict.observation.outcome
            is_other = not outcome.startswith("@") and outcome not in verdict.accepted
            if verdict.accepted[0] == holder:
                direct += weight
                over += weight * is_other
            else:
                routed += weight
                under += weight * (outcome == "@none" or (is_other and outcome == holder))
                wrong += weight * (is_other and outcome != holder)
    return {"over_routing": ratio(over, direct), "under_routing": ratio(under, routed),
            "misrouting": ratio(wrong, routed)}


def cost_of_wrong_routes(weighted, weights):
    if not weights:
        return None

    def price(expected, observed):
        names = ("%s > %s" % pair for pair in ((expected, observed), (expected, "*"), ("*", observed)))
        return next((weights[name] for name in names if name in weights), weights.get("*", 1))

    wrong = sum(value * Fraction(str(price(*cell))) for cell, value in weighted.items() if cell[0] != cell[1])
    return ratio(wrong, sum(weighted.values()))


# ---- loops ----

class LoopCost:
    """In turns, from the one in which the onset agent first speaks to the one that leaves the loop."""

    def __init__(self, exchange):
        k, onset, detected = exchange.cycle
        turns, path = exchange.turns, exchange.path
        started = sum(turn.position < onset for turn in turns)
        seen = sum(turn.position < detected for turn in turns)
        left = next((i for i, turn in enumerate(turns) if i >= started and self.leaves(turn, path, k)), None)
        if left is None and exchange.status == "answered":
            left = len(turns) - 1
        self.wasted = (len(turns) if left is None else left) - started
        self.saved = self.wasted - (seen - started) if left is None else 0

    @staticmethod
    def leaves(turn, path, k):
        return turn.handoff_to is not None and turn.handoff_to != path[turn.position + 1 - k]


# ---- repeats ----

def entropy(share):
    return 0.0 if share in (0, 1) else -sum(float(p) * math.log2(p) for p in (share, 1 - share))


def ks_up_to(most):
    ks, k = list(range(1, min(most, 16) + 1)), 32
    while k <= most:
        ks.append(k)
        k *= 2
    return ks


def passes(trials_by_case):
    """trials_by_case: {name: [passed, ...]} in input order."""
    counts = [(len(trials), sum(trials)) for trials in trials_by_case.values()]
    fewest = min(n for n, _ in counts)
    name = next(name for name, trials in trials_by_case.items() if len(trials) == fewest)
    entries = []
    for k in ks_up_to(max(n for n, _ in counts)):
        entry = {"k": k, "cases": sum(n >= k for n, _ in counts), "pass_at": None, "pass_hat": None}
        if k <= fewest:
            entry["pass_at"] = mean([1 - math.comb(n - c, k) / math.comb(n, k) for n, c in counts])
            entry["pass_hat"] = mean([math.comb(c, k) / math.comb(n, k) for n, c in counts])
        else:
            entry["why"] = "case '%s' has only %d trial%s" % (name[1], fewest, "" if fewest == 1 else "s")
        entries.append(entry)
    return entries


def flakiest(trials_by_case, most=50):
    flaky = []
    for (_, name), trials in trials_by_case.items():
        share = Fraction(sum(trials), len(trials))
        if 0 < share < 1:
            flips = sum(a != b for a, b in zip(trials, trials[1:]))
            flaky.append((abs(share - Fraction(1, 2)), -flips, name.encode(), {
                "id": name, "n": len(trials), "passed": sum(trials), "rate": share,
                "flip_rate": ratio(flips, len(trials) - 1), "entropy": entropy(share)}))
    return [one for *_, one in sorted(flaky, key=lambda row: row[:3])][:most]
