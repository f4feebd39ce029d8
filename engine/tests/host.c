#include "engine/tests/host.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char host_agents[] =
    "version: 1\n"
    "entry: triage\n"
    "agents:\n"
    "  triage: { instructions: You are triage., tools: [look, ask_tech, ran, sent], handoffs: [billing, tech] }\n"
    "  billing: { description: Money., instructions: You are billing., handoffs: [triage] }\n"
    "  tech: { instructions: You are tech., tools: [look] }\n"
    "tools:\n"
    "  look: { parameters: { type: object, properties: { id: { type: string } } }, result: from the file }\n"
    "  ask_tech: { agent: tech }\n"
    "  ran: { exec: [echo, it ran] }\n"
    "  sent: { http: { url: 'http://127.0.0.1:1/' } }\n";

void host_note(struct host *host, const char *form, ...)
{
    va_list values;
    va_start(values, form);
    int length = vsnprintf(host->log + host->log_length, HOST_LOG_BYTES - host->log_length, form, values);
    va_end(values);
    host->log_length += (size_t)length < HOST_LOG_BYTES - host->log_length ? (size_t)length : 0;
}

static void answer(void *user, struct baton_call *call)
{
    struct host *host = user;
    if (host->step == host->step_count) {
        return;
    }
    const struct step *step = &host->steps[host->step++];
    const char *request = baton_call_request(call);
    snprintf(host->request, HOST_LOG_BYTES, "%s", request == NULL ? "" : request);
    cr_expect(step->agent == NULL || strcmp(step->agent, baton_call_agent(call)) == 0, "step %u asks %s", host->step,
              baton_call_agent(call));
    baton_call_text(call, step->text);
    baton_call_text(call, step->more);
    if (step->tool != NULL) {
        baton_call_tool(call, NULL, step->tool, step->arguments);
    }
    if (step->to != NULL) {
        baton_call_handoff(call, step->to, step->reason);
    }
    if (step->error != NULL) {
        baton_call_error(call, step->error);
    }
    if (host->aborts) {
        baton_run_abort(host->run);
        cr_expect(baton_call_is_aborted(call));
    }
    baton_call_usage(call, 10, 2);
}

static void hear(void *user, const struct baton_run_event *event)
{
    struct host *host = user;
    const char *line = baton_run_event_line(event);
    cr_expect(line == NULL || strstr(line, event->type) != NULL);
    host_note(host, "%s%s", host->log_length == 0 ? "" : " ", event->type);
    if (strcmp(event->type, "handoff") == 0) {
        host_note(host, ":%s>%s", event->from, event->to);
    }
    if (event->text[0] != '\0') {
        host_note(host, "(%s)", event->text);
    }
}

void host_open(struct host *host, const struct step *steps, unsigned count)
{
    *host = (struct host){ .steps = steps, .step_count = count };
    host->agents = baton_agents_open_text(host_agents, NULL, &host->error);
    host->provider = baton_provider_callback(answer, host, &host->error);
    host->setup = baton_run_setup_for(host->agents);
    host->setup.provider = host->provider;
    host->setup.callbacks.user = host;
    host->setup.callbacks.event = hear;
}

void host_close(struct host *host)
{
    baton_run_close(host->run);
    baton_provider_free(host->provider);
    baton_agents_close(host->agents);
}

struct baton_answer host_say(struct host *host, const char *text)
{
    struct baton_answer said = { .status = "" };
    if (host->run == NULL) {
        host->run = baton_run_open(&host->setup, &host->error);
        cr_assert_not_null(host->run, "%s", host->error.text);
    }
    cr_assert_eq(baton_run_say(host->run, text, &said, &host->error), 0, "%s", host->error.text);
    return said;
}
