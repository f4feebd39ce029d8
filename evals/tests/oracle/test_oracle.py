"""The oracle's own formulas on numbers that were worked by hand or published. Run: python3 test_oracle.py"""

import unittest
from fractions import Fraction
from types import SimpleNamespace

import figures
from judge import MATCHES, Detour, route_matches
from replay import first_cycle

ROUTES = (  # observed, expected, which of judge.MATCHES hold
    ("sue", "se", "in_order superset"), ("bt", "tb", "unordered superset subset"), ("b", "br", "subset"),
    ("", "", "exact in_order unordered superset subset"), ("b", "", "in_order superset"), ("", "b", "subset"),
    ("aba", "ab", "in_order superset"))
CLUSTERS = ((1, 1, 1, 0), (1, 1), (0, 0, 0), (1, 1, 1, 1, 1), (1, 0), (1, 1, 1), (0, 1), (1, 1, 1, 1))


def cells(labels, rows):
    return {(a, b): Fraction(rows[i][j]) for i, a in enumerate(labels) for j, b in enumerate(labels)}


class Worked(unittest.TestCase):
    def near(self, got, wanted):
        self.assertAlmostEqual(float(got), wanted, delta=1e-6)

    def test_route_matches(self):
        for observed, expected, holding in ROUTES:
            for match in MATCHES:
                got = route_matches(match, list(observed), list(expected))
                self.assertEqual(got, match in holding.split(), (observed, expected, match))

    def test_wilson(self):
        for good, n, low, high in ((8, 10, 0.490162, 0.943318), (0, 10, 0, 0.277533), (10, 10, 0.722467, 1),
                                   (103, 120, 0.784805, 0.909631), (0, 1, 0, 0.793451)):
            got = figures.wilson(Fraction(good, n), n)
            self.near(got[0], low)
            self.near(got[1], high)

    def test_clusters_that_all_pass_count_as_clusters(self):
        got = figures.rate([(1, 1, "a")] * 5 + [(1, 1, "b")])
        self.assertEqual((got["n"], got["n_eff"], got["correct"]), (6, 2, 6))
        self.near(got["ci_low"], 0.342380)
        self.near(got["ci_high"], 1)

    def test_design_effect(self):
        got = figures.rate([(1, value, i) for i, values in enumerate(CLUSTERS) for value in values])
        self.near(got["value"], 0.76)
        self.assertAlmostEqual(float(got["n_eff"]), 25 / (0.127220 / 0.087178) ** 2, places=3)

    def test_confusion(self):
        labels = ["billing", "tech", "sales", "@direct", "@none"]
        matrix = cells(labels, [[46, 3, 1, 0, 0], [4, 33, 0, 2, 1], [2, 0, 17, 1, 0], [1, 2, 0, 7, 0], [0] * 5])
        got = figures.matrix_figures(matrix, labels)
        for name, value in (("macro_f1", 0.833524), ("weighted_f1", 0.861676), ("balanced", 0.823750),
                            ("majority", 0.416667), ("kappa", 0.791198), ("mcc", 0.791933)):
            self.near(got[name], value)

    def test_percentiles(self):
        got = figures.percentiles([420, 380, 1210, 515, 610, 450, 2300, 700, 495, 530], (50, 90, 95, 99))
        self.assertEqual(got, {"p50": 515, "p90": 1210, "p95": 2300, "p99": 2300})

    def test_cycles(self):
        for path, wanted in (("tsbsb", (2, 3, 4)), ("tbb", (1, 2, 2)), ("tabcabc", (3, 4, 6)), ("tsbs", None)):
            self.assertEqual(first_cycle(list(path), 2, 4), wanted)

    def test_cost_of_a_loop_that_is_never_left(self):
        path = ["t"] + ["s", "b"] * 5
        turns = [SimpleNamespace(position=i, handoff_to=path[i + 1]) for i in range(10)]
        cost = figures.LoopCost(SimpleNamespace(cycle=(2, 3, 4), path=path, turns=turns, status="max_turns"))
        self.assertEqual((cost.wasted, cost.saved), (7, 6))

    def test_detours(self):
        hops = {"front_desk": {"enterprise": 2}}
        for path, wanted in ((["sales_team", "enterprise"], (0, 0)),
                             (["support", "sales_team", "enterprise"], (0, 1)),
                             (["support", "front_desk", "support", "sales_team", "enterprise"], (2, 1))):
            got = Detour(SimpleNamespace(hops=hops), ["front_desk"] + path, "enterprise")
            self.assertEqual((got.looped, got.detour, got.optimal), (*wanted, 2))

    def test_passes(self):
        trials = {("id", str(c)): [True] * c + [False] * (8 - c) for c in (8, 7, 4, 0)}
        got = {entry["k"]: entry for entry in figures.passes(trials)}
        for k, at, hat in ((1, 0.593750, 0.593750), (2, 0.696429, 0.491071), (4, 0.746429, 0.378571), (8, 0.75, 0.25)):
            self.near(got[k]["pass_at"], at)
            self.near(got[k]["pass_hat"], hat)

    def test_flakiness(self):
        (got,) = figures.flakiest({("id", "x"): [letter == "P" for letter in "PPFPPPFP"]})
        self.near(got["rate"], 0.75)
        self.near(got["flip_rate"], 0.571429)
        self.near(got["entropy"], 0.811278)


if __name__ == "__main__":
    unittest.main()
