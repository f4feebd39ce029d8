"""Compares the summary.json of a program with the oracle's, key by key, on random suites.

usage: compare.py PROGRAM [--seeds A-B] [--keep FOLDER]

Exits 1 where something differs. --keep leaves the suites that differ, with the program's results, in FOLDER/SEED.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction

from generate import generate
from oracle import summarize

CLOSE = Fraction(1, 10**6)
RAN = (0, 1)  # exit codes of a run that came to a verdict
SHOWN = 40
# What only the program can know, words for people, and what no suite of ours has.
LEFT_OUT = {"baton", "suite.fingerprint", "suite.agents_digest", "suite.conversations_digest", "gates[].why",
            "counts.handoffs_synthetic"}


def is_number(value):
    return isinstance(value, (int, float, Fraction)) and not isinstance(value, bool)


def agree(expected, got):
    if is_number(expected) and is_number(got):
        return abs(Fraction(expected) - Fraction(got)) <= CLOSE
    return type(expected) is type(got) and expected == got


class Differences:
    def __init__(self):
        self.keys, self.found = 0, []

    def compare(self, path, pattern, expected, got):
        """`pattern` is the path without indices."""
        if pattern in LEFT_OUT:
            return
        if isinstance(expected, dict) and isinstance(got, dict):
            for key in list(expected) + [key for key in got if key not in expected]:
                dot = "." if path else ""
                self.compare(path + dot + key, pattern + dot + key, expected.get(key, "absent"), got.get(key, "absent"))
            return
        if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
            for i, (a, b) in enumerate(zip(expected, got)):
                self.compare("%s[%d]" % (path, i), pattern + "[]", a, b)
            return
        self.keys += 1
        if not agree(expected, got):
            self.found.append("%s: oracle %s, program %s" % (path, shown(expected), shown(got)))


def shown(value):
    return json.dumps(value, ensure_ascii=False, default=float)[:200]


def run_program(program, suite, out):
    command = [program, "eval", suite, "--quiet", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in RAN:
        return None, "exit code %d: %s" % (done.returncode, done.stderr.strip()[:300])
    with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
        return json.load(file), None


def check(job):
    """(seed, keys compared, differences)"""
    program, seed, keep = job
    folder = tempfile.mkdtemp(prefix="baton-oracle-")
    differences = Differences()
    try:
        generate(seed, folder)
        suite = os.path.join(folder, "suite.json")
        got, trouble = run_program(program, suite, os.path.join(folder, "out"))
        if trouble is not None:
            differences.found.append(trouble)
        else:
            differences.compare("", "", summarize(suite), got)
        if keep and differences.found:
            shutil.rmtree(os.path.join(keep, str(seed)), ignore_errors=True)
            shutil.copytree(folder, os.path.join(keep, str(seed)))
    finally:
        shutil.rmtree(folder)
    return seed, differences.keys, differences.found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program")
    parser.add_argument("--seeds", default="1-1000", metavar="A-B")
    parser.add_argument("--keep", metavar="FOLDER")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    program, seeds = os.path.abspath(options.program), range(int(first), int(last or first) + 1)
    jobs = [(program, seed, options.keep) for seed in seeds]
    keys, found = 0, []
    with multiprocessing.Pool() as pool:
        for seed, compared, lines in pool.imap(check, jobs, chunksize=4):
            keys += compared
            found += ["seed %d: %s" % (seed, line) for line in lines]
    for line in found[:SHOWN]:
        print(line)
    print("%d suites, %d keys compared, %d differences" % (len(jobs), keys, len(found)))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
