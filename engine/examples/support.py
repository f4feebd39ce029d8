#!/usr/bin/env python3
"""support.py - baton in a Python program, by ctypes alone: the same as support.c.

    LD_LIBRARY_PATH=/usr/local/lib python3 support.py
"""
import ctypes as c
import sys

TEXT = c.c_char_p
baton = c.CDLL("libbaton.so.0")


class Error(c.Structure):
    _fields_ = [("code", c.c_int), ("line", c.c_uint), ("column", c.c_uint), ("file", c.c_char * 256),
                ("text", c.c_char * 1024)]


class Event(c.Structure):
    _fields_ = [("type", TEXT), ("seq", c.c_uint64), ("at_ns", c.c_uint64), ("exchange", c.c_uint32),
                ("turn", c.c_uint32), ("nesting", c.c_uint32), ("loop_length", c.c_uint32), ("is_error", c.c_int),
                ("agent", TEXT), ("from_", TEXT), ("to", TEXT), ("name", TEXT), ("call_id", TEXT), ("arguments", TEXT),
                ("text", TEXT), ("status", TEXT), ("inside", c.c_void_p)]


ANSWER = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p)
ASK = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p)
HEAR = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Event))


class Callbacks(c.Structure):
    _fields_ = [("user", c.c_void_p), ("event", HEAR), ("tool", ASK), ("context", ASK), ("filter", ASK),
                ("handoff_enabled", c.c_void_p), ("handoff", c.c_void_p), ("guard_input", c.c_void_p),
                ("guard_output", c.c_void_p), ("limit", ASK), ("reserved", c.c_void_p * 4)]


class Setup(c.Structure):
    _fields_ = [("agents", c.c_void_p), ("provider", c.c_void_p), ("conversation", TEXT), ("entry", TEXT),
                ("max_turns", c.c_int32), ("max_handoffs", c.c_int32), ("tool_timeout_ms", c.c_int64),
                ("memory_bytes_max", c.c_uint64), ("stops_at_handoff", c.c_int), ("stops_at_loop", c.c_int),
                ("runs_commands", c.c_int), ("callbacks", Callbacks), ("reserved", c.c_void_p * 8)]


class Answer(c.Structure):
    _fields_ = [("status", TEXT), ("text", TEXT), ("agent", TEXT), ("start", TEXT), ("route", c.POINTER(TEXT)),
                ("depth", c.c_uint32), ("turns", c.c_uint32), ("tool_calls", c.c_uint32),
                ("invalid_handoffs", c.c_uint32), ("loop", TEXT), ("is_revisit", c.c_int), ("input_tokens", c.c_int64),
                ("output_tokens", c.c_int64), ("duration_ns", c.c_uint64)]


class Judgement(c.Structure):
    _fields_ = [("outcome", TEXT), ("reasons", TEXT), ("line", TEXT)]


class Figure(c.Structure):
    _fields_ = [("value", c.c_double), ("n", c.c_uint64), ("why", TEXT)]


class Gate(c.Structure):
    _fields_ = [("verdict", TEXT), ("value", c.c_double), ("n", c.c_uint64), ("why", TEXT)]


for name, result, arguments in [
        ("agents_open_text", c.c_void_p, [TEXT, TEXT, c.POINTER(Error)]), ("agents_close", None, [c.c_void_p]),
        ("provider_callback", c.c_void_p, [ANSWER, c.c_void_p, c.POINTER(Error)]), ("provider_free", None, [c.c_void_p]),
        ("call_agent", TEXT, [c.c_void_p]), ("call_name", TEXT, [c.c_void_p]),
        ("call_instructions", TEXT, [c.c_void_p]), ("call_turn", c.c_uint32, [c.c_void_p]),
        ("call_text", None, [c.c_void_p, TEXT]), ("call_tool", None, [c.c_void_p, TEXT, TEXT, TEXT]),
        ("call_handoff", None, [c.c_void_p, TEXT, TEXT]), ("call_usage", None, [c.c_void_p, c.c_int64, c.c_int64]),
        ("run_setup_for", Setup, [c.c_void_p]), ("run_open", c.c_void_p, [c.POINTER(Setup), c.POINTER(Error)]),
        ("run_say", c.c_int, [c.c_void_p, TEXT, c.POINTER(Answer), c.POINTER(Error)]), ("run_close", None, [c.c_void_p]),
        ("scores_new", c.c_void_p, [c.c_void_p, TEXT, c.POINTER(Error)]), ("scores_free", None, [c.c_void_p]),
        ("scores_add_run", c.c_int, [c.c_void_p, c.c_void_p, TEXT, c.POINTER(Judgement), c.POINTER(Error)]),
        ("scores_figure", c.c_int, [c.c_void_p, TEXT, c.POINTER(Figure), c.POINTER(Error)]),
        ("scores_gate", c.c_int, [c.c_void_p, TEXT, c.POINTER(Gate), c.POINTER(Error)])]:
    function = getattr(baton, "baton_" + name)
    function.restype, function.argtypes = result, arguments

AGENTS = b"""
version: 1
entry: triage
agents:
  triage:
    instructions: Find out what the user needs.
    handoffs: [billing]
    tools: [lookup_account]
  billing:
    description: Invoices, payments and refunds.
    instructions: Answer questions about money.
tools:
  lookup_account: { description: Shows an account., exec: [./lookup_account] }
"""
QUESTION = b"I was charged twice"
LABELS = b'''{"id":"twice","messages":[{"role":"user","content":"I was charged twice",
              "expect":{"final":"billing","says":"refund"}}]}'''
error = Error()


def check(result, is_well):
    """The result, or the end of the program with the library's own words."""
    if not is_well(result):
        sys.exit("support: " + error.text.decode())
    return result


def handle(result):
    return check(result, lambda given: given is not None)


def well(result):
    return check(result, lambda code: code == 0)


@ANSWER
def answer(_user, call):
    if baton.baton_call_agent(call) == b"billing":
        is_known = b"Marlow Studio" in baton.baton_call_instructions(call)
        baton.baton_call_text(call, b"Marlow Studio paid twice; " if is_known else b"Somebody paid twice; ")
        baton.baton_call_text(call, b"a refund of 12 EUR is on its way.")
    elif baton.baton_call_turn(call) == 0:
        baton.baton_call_text(call, b"Let me see. ")
        baton.baton_call_tool(call, None, b"lookup_account", b'{"question":"charged twice"}')
    else:
        baton.baton_call_text(call, b"I hand you over. ")
        baton.baton_call_handoff(call, b"billing", b"a double charge")
    baton.baton_call_usage(call, 100, 10)


@ASK
def tool(_user, call):
    if baton.baton_call_name(call) != b"lookup_account":
        return 0
    baton.baton_call_text(call, b'{"account":"Marlow Studio"}')
    return 1


@ASK
def context(_user, call):
    baton.baton_call_text(call, b"The account is Marlow Studio.")
    return baton.baton_call_agent(call) == b"billing"


@HEAR
def event(_user, pointer):
    told = {name: getattr(pointer.contents, name) for name in ("type", "agent", "text", "name", "from_", "to", "status")}
    told = {name: text.decode() for name, text in told.items()}
    form = {"text_delta": "  {agent} says '{text}'", "tool_result": "  {name} gives {text}",
            "handoff": "  {from_} > {to}: {text}", "done": "  done: {status}"}.get(told["type"])
    if form:
        print(form.format(**told))


def talk(agents, provider, stops_at_handoff, scores):
    setup = baton.baton_run_setup_for(agents)
    setup.provider = provider
    setup.stops_at_handoff = stops_at_handoff
    setup.callbacks.event, setup.callbacks.tool, setup.callbacks.context = event, tool, context
    said, judgement = Answer(), Judgement()
    run = handle(baton.baton_run_open(setup, error))
    well(baton.baton_run_say(run, QUESTION, said, error))
    print(f"{said.status.decode()} by {said.agent.decode()} after {said.turns} turns and {said.depth} handoffs, "
          f"{said.input_tokens} tokens in")
    well(baton.baton_scores_add_run(scores, run, LABELS, judgement, error))
    reasons = judgement.reasons.decode()
    print(f"judged: {judgement.outcome.decode()}{': ' if reasons else ''}{reasons}")
    baton.baton_run_close(run)


agents = handle(baton.baton_agents_open_text(AGENTS, b"support.yaml", error))
provider = handle(baton.baton_provider_callback(answer, None, error))
scores = handle(baton.baton_scores_new(agents, b"support", error))
talk(agents, provider, 0, scores)
talk(agents, provider, 1, scores)
accuracy, gate = Figure(), Gate()
well(baton.baton_scores_figure(scores, b"routing.accuracy.value", accuracy, error))
well(baton.baton_scores_gate(scores, b"all_expectations >= 0.9", gate, error))
print(f"accuracy {accuracy.value:g} of {accuracy.n}; gate: {gate.verdict.decode()}, as it is {gate.value:g}")
baton.baton_scores_free(scores)
baton.baton_provider_free(provider)
baton.baton_agents_close(agents)
