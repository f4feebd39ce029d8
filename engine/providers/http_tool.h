/* http_tool.h - runs `http` tools: the call's arguments are posted as JSON, the body of the answer is the result. Context
 * providers that are services get the messages posted, as commands get them on their standard input.
 *
 *     status = baton_http_tools_new(&tools, &options, &err);    // in each worker thread, beside its live caller
 *     run_options.tools = baton_http_tools_runner(tools);
 *
 * All others go to baton_tool_runner_default(); agents that run as tools have this runner
 * too, as nested runs keep their parent's. A status that is not 2xx, no answer in time (limits.tool_timeout_ms), more than
 * BATON_TOOL_RESULT_BYTES_MAX or what is no UTF-8 is an error result, which the model gets to read. Nothing is tried again,
 * as a tool may have done its work before it failed; redirects are not followed; plain http:// is for this machine.
 * The http calls of one response are made one after the other, in call order, and before the tools of other kinds.
 *
 * Owns:     its connections and its copy of the headers' values; agents and the options' pointers outlive it.
 * Threads:  one at a time.
 * Secrets:  what came from the environment into a header is cut out of results and error texts that quote it.
 */
#ifndef BATON_ENGINE_PROVIDERS_HTTP_TOOL_H
#define BATON_ENGINE_PROVIDERS_HTTP_TOOL_H

#include "engine/core/tools.h"

struct baton_http_tools;

struct baton_http_tools_options {
    const struct baton_agents *agents;
    struct baton_clock *clock;
    const volatile int *interrupted;                      /* NULL: never */
    const char *(*setting)(void *user, const char *name); /* as in live.h; asked by baton_http_tools_new() only */
    void *user;
    const char *unix_socket; /* connects there whatever the URL says, for tests; NULL: to the host */
};

/* BATON_EUSAGE when a variable that a header names is not set or has odd bytes in it, or a URL may not be called;
 * BATON_EPROVIDER when there is no libcurl; BATON_ENOMEM. Agents without http tools need none of these. */
BATON_MUST_CHECK enum baton_status baton_http_tools_new(struct baton_http_tools **out,
                                                        const struct baton_http_tools_options *options,
                                                        struct baton_error *err);
void baton_http_tools_free(struct baton_http_tools *tools);

/* For run options. Errors: BATON_EINTERRUPTED, BATON_ELIMIT, BATON_ENOMEM. */
struct baton_tool_runner *baton_http_tools_runner(struct baton_http_tools *tools);

#endif
