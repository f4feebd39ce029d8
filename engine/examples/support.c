/* support.c - baton in a program: the host answers for the models, runs the tools, hears every event, and has the
 * conversation judged. No network: what the models say is written here.
 *
 *     cc support.c $(pkg-config --cflags --libs baton) -o support && ./support
 *
 * It is C11 and C++ alike.
 */
#include <baton/baton.h>
#include <stdio.h>
#include <string.h>

static const char agents_text[] = "version: 1\n"
                                  "entry: triage\n"
                                  "agents:\n"
                                  "  triage:\n"
                                  "    instructions: Find out what the user needs.\n"
                                  "    handoffs: [billing]\n"
                                  "    tools: [lookup_account]\n"
                                  "  billing:\n"
                                  "    description: Invoices, payments and refunds.\n"
                                  "    instructions: Answer questions about money.\n"
                                  "tools:\n"
                                  "  lookup_account: { description: Shows an account., exec: [./lookup_account] }\n";

static const char question[] = "I was charged twice";

/* What is expected: the same form as a recorded conversation. */
static const char labels[] = "{\"id\":\"twice\",\"messages\":["
                             "{\"role\":\"user\",\"content\":\"I was charged twice\","
                             "\"expect\":{\"final\":\"billing\",\"says\":\"refund\"}}]}";

/* ---- what the host puts in ---- */

/* A model: looks the account up, then hands over; billing answers in pieces. */
static void answer(void *user, struct baton_call *call)
{
    (void)user;
    if (strcmp(baton_call_agent(call), "billing") == 0) {
        int is_known = strstr(baton_call_instructions(call), "Marlow Studio") != NULL;
        baton_call_text(call, is_known ? "Marlow Studio paid twice; " : "Somebody paid twice; ");
        baton_call_text(call, "a refund of 12 EUR is on its way.");
    } else if (baton_call_turn(call) == 0) {
        baton_call_text(call, "Let me see. ");
        baton_call_tool(call, NULL, "lookup_account", "{\"question\":\"charged twice\"}");
    } else {
        baton_call_text(call, "I hand you over. ");
        baton_call_handoff(call, "billing", "a double charge");
    }
    baton_call_usage(call, 100, 10);
}

/* A tool: the agents file names a command for it, but the host's own comes first. */
static int tool(void *user, struct baton_call *call)
{
    (void)user;
    if (strcmp(baton_call_name(call), "lookup_account") != 0) {
        return 0;
    }
    baton_call_text(call, "{\"account\":\"Marlow Studio\"}");
    return 1;
}

/* Context: what the next agent is told beside its instructions. */
static int context(void *user, struct baton_call *call)
{
    (void)user;
    baton_call_text(call, "The account is Marlow Studio.");
    return strcmp(baton_call_agent(call), "billing") == 0;
}

static void event(void *user, const struct baton_run_event *event)
{
    (void)user;
    if (strcmp(event->type, "text_delta") == 0) {
        printf("  %s says '%s'\n", event->agent, event->text);
    } else if (strcmp(event->type, "tool_result") == 0) {
        printf("  %s gives %s\n", event->name, event->text);
    } else if (strcmp(event->type, "handoff") == 0) {
        printf("  %s > %s: %s\n", event->from, event->to, event->text);
    } else if (strcmp(event->type, "done") == 0) {
        printf("  done: %s\n", event->status);
    }
}

/* ---- the program ---- */

static int failed(const struct baton_error_info *error)
{
    fprintf(stderr, "support: %s\n", error->text);
    return 1;
}

/* The conversation, judged; with stops_at_handoff the host gets the word where it changes hands. */
static int talk(const struct baton_agents *agents, struct baton_provider *provider, int stops_at_handoff,
                struct baton_scores *scores)
{
    struct baton_error_info error;
    struct baton_answer said;
    struct baton_judgement judgement;
    struct baton_run_setup setup = baton_run_setup_for(agents);
    setup.provider = provider;
    setup.stops_at_handoff = stops_at_handoff;
    setup.callbacks.event = event;
    setup.callbacks.tool = tool;
    setup.callbacks.context = context;
    struct baton_run *run = baton_run_open(&setup, &error);
    if (run == NULL || baton_run_say(run, question, &said, &error) != 0) {
        baton_run_close(run);
        return failed(&error);
    }
    printf("%s by %s after %u turns and %u handoffs, %d tokens in\n", said.status, said.agent, said.turns, said.depth,
           (int)said.input_tokens);
    if (baton_scores_add_run(scores, run, labels, &judgement, &error) != 0) {
        baton_run_close(run);
        return failed(&error);
    }
    printf("judged: %s%s%s\n", judgement.outcome, judgement.reasons[0] == '\0' ? "" : ": ", judgement.reasons);
    baton_run_close(run);
    return 0;
}

static int figures(struct baton_scores *scores)
{
    struct baton_error_info error;
    struct baton_score accuracy;
    struct baton_gate_check gate;
    if (baton_scores_figure(scores, "routing.accuracy.value", &accuracy, &error) != 0 ||
        baton_scores_gate(scores, "all_expectations >= 0.9", &gate, &error) != 0) {
        return failed(&error);
    }
    printf("accuracy %g of %u; gate: %s, as it is %g\n", accuracy.value, (unsigned)accuracy.n, gate.verdict,
           gate.value);
    return 0;
}

int main(void)
{
    struct baton_error_info error;
    struct baton_agents *agents = baton_agents_open_text(agents_text, "support.yaml", &error);
    if (agents == NULL) {
        return failed(&error);
    }
    struct baton_provider *provider = baton_provider_callback(answer, NULL, &error);
    struct baton_scores *scores = baton_scores_new(agents, "support", &error);
    int status = provider == NULL || scores == NULL ? failed(&error) : 0;
    status = status != 0 ? status : talk(agents, provider, 0, scores);
    status = status != 0 ? status : talk(agents, provider, 1, scores);
    status = status != 0 ? status : figures(scores);
    baton_scores_free(scores);
    baton_provider_free(provider);
    baton_agents_close(agents);
    return status;
}
