/* host.h - a host of the library: agents, a model that does what is written down, and a log of what was heard.
 *
 * Owns:     host_open() takes, host_close() gives back. Another provider may take the place of `provider`, once that was freed.
 * Threads:  one.
 */
#ifndef BATON_ENGINE_TESTS_HOST_H
#define BATON_ENGINE_TESTS_HOST_H

#include <baton/baton.h>

enum { HOST_LOG_BYTES = 16384 };

/* triage hands off to billing and tech, and has every kind of tool; billing hands back; tech can look. */
extern const char host_agents[];

/* What the model does in one call; what is NULL it does not. */
struct step {
    const char *agent, *text, *more, *tool, *arguments, *to, *reason, *error;
};

/* A host: what its model does, what it puts in, and what it heard. */
struct host {
    struct baton_agents *agents;
    struct baton_provider *provider;
    struct baton_error_info error;
    struct baton_run_setup setup;
    struct baton_run *run;
    const struct step *steps;
    unsigned step, step_count;
    char log[HOST_LOG_BYTES], request[HOST_LOG_BYTES];
    size_t log_length;
    int refuses_input, refuses_output, breaks_filter, aborts;
};

/* Adds to the log. */
void host_note(struct host *host, const char *form, ...) __attribute__((format(printf, 2, 3)));

/* With the setup filled in; the run is opened by the first message. Out of memory shows in `error`. */
void host_open(struct host *host, const struct step *steps, unsigned count);
void host_close(struct host *host);

/* Says something, and expects it to be heard. */
struct baton_answer host_say(struct host *host, const char *text);

#define HOST(host, ...)                                 \
    static const struct step steps[] = { __VA_ARGS__ }; \
    struct host host;                                   \
    host_open(&host, steps, sizeof steps / sizeof *steps)

#define expect_text(got, want) cr_expect_str_eq((got), (want), "got: %s", (got))

#endif
