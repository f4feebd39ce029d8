/* routes.h - writes agents files and recorded conversations from the names of agents, to be judged by the program.
 *
 * A route is the agents that hold an exchange in turn: `front billing` is a question to front, a transfer to billing, and
 * billing's answer.
 *
 * Owns:     routes_open() takes memory, routes_close() gives it back; files live in the scratch folder of the program.
 * Threads:  one.
 */
#ifndef BATON_EVALS_TESTS_ROUTES_H
#define BATON_EVALS_TESTS_ROUTES_H

#include "engine/base/json.h"
#include "evals/tests/program.h"

enum { ROUTE_MAX = 32 };

struct route {
    struct baton_str agents[ROUTE_MAX]; /* the one that is asked first */
    size_t count;
    bool is_unanswered;                            /* the last agent says nothing */
    const struct baton_json *latency_ms, *ttft_ms; /* as numbers in JSON, one a call; or NULL */
};

struct routes {
    struct program *program;
    struct baton_text lines; /* conversations so far */
    struct baton_text line;  /* the one under way */
    bool has_exchange;
};

void routes_open(struct routes *routes, struct program *program);
void routes_close(struct routes *routes);

/* `start` alone, or `start` and the names in a JSON list after it. */
struct route route_of(const char *start, const struct baton_json *names);
struct route route_to(const char *start, struct baton_str target);

/* An exchange of the conversation under way: `asks` is the user's text, `expect` the members of its label or "". */
void routes_exchange(struct routes *routes, const char *asks, const char *expect, const struct route *route);

/* Ends the conversation under way. */
void routes_end(struct routes *routes, const char *id);

/* A conversation of one exchange. */
void routes_add(struct routes *routes, const char *id, const char *expect, const struct route *route);

/* Writes the conversations so far to a file of that name and begins anew; gives its path. */
const char *routes_write(struct routes *routes, const char *name);

/* Writes an agents file in which each of the names may hand over to every other; the first is the entry. `top` is members
 * beside them, as `"loops":{}`, or "". */
const char *routes_agents(struct routes *routes, const char *name, const struct baton_str *names, size_t count,
                          const char *top);

#endif
