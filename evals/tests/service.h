/* service.h - a model service on this machine and a suite that asks it, for whole runs of the program against the network.
 *
 * Conversation `c-K` says `case-K.`; those with an even K are about a card, so triage hands them to billing and billing
 * answers; the others are answered by triage; c-0 goes on after its first answer. What the service says to a request hangs
 * on the request alone, so that it is the same in any order.
 *
 * Owns:     service_open() takes a scratch folder (program.h) and starts a thread, service_close() gives all back.
 * Threads:  one, beside the server's own. `trouble`, `delay_ms` and the counts may be used while nothing is asked.
 */
#ifndef BATON_EVALS_TESTS_SERVICE_H
#define BATON_EVALS_TESTS_SERVICE_H

#include "engine/tests/live_setup.h"
#include "evals/tests/program.h"

#include <stdatomic.h>

enum { SERVICE_CASES = 8, SERVICE_SETTINGS_MAX = 16, SERVICE_CALLS = 13 /* of the whole suite */ };
enum service_agent { SERVICE_TRIAGE, SERVICE_BILLING, SERVICE_AGENTS };

/* No shape that would give it away, and bytes that look different in a URL, in JSON and in base64. */
#define SERVICE_KEY "Zx9+q/7=Lm%Pw~nobody&may<see>this"
#define SERVICE_TOOL_KEY \
    "tool/Wq8=hidden+from%all~eyes!" /* a multiple of 3, as the other one is: base64 without a rest */

struct service {
    /* The step for a request; NULL: the usual one. */
    const struct misbehave_step *(*choose)(struct service *service, const struct misbehave_request *request);
    struct program program;
    struct misbehave *server;
    const struct live_format *format;
    bool streams;
    const struct misbehave_step *trouble; /* in place of every answer; NULL: none */
    unsigned trouble_after;               /* so many answers first */
    struct misbehave_step hand, texts[SERVICE_CASES];
    atomic_uint asked[SERVICE_AGENTS][SERVICE_CASES], asked_all, generation;
    const char *settings[SERVICE_SETTINGS_MAX];
    const char *suite, *agents, *conversations, *cassette; /* paths */
};

void service_open(struct service *service, const char *codec, bool streams);
void service_close(struct service *service);

/* The suite's files anew, as service_open() wrote them; `prompt` is billing's, more goes to the end of the suite. */
void service_write(struct service *service, const char *prompt, const char *more);

/* Other answers from now on begin so late. */
void service_delay(struct service *service, unsigned delay_ms);

/* How often it was asked since the last time. */
unsigned service_asked(struct service *service);

/* A new address: what processes that were killed have asked at the old one is no longer counted. */
void service_move(struct service *service);

/* Runs the program with the address and the key of the service in its environment. */
struct program_run service_run(struct service *service, const char *const *arguments);
#define ASK(service, ...) service_run((service), (const char *const[]){ __VA_ARGS__, NULL })

/* Fails when one of the keys, or something that it can be read from, stands in a file of the scratch folder; what the
 * runs so far printed is there too. */
void service_expect_no_key(struct service *service, const char *when);

/* The same key in other words. */
const char *service_percent(struct service *service, const char *key);
const char *service_escaped(struct service *service, const char *key);
const char *service_base64(struct service *service, const char *key);

/* A cassette without the times that were measured. */
struct baton_str service_timeless(struct service *service, const char *path);

/* A summary without the name of its provider. */
struct baton_str service_anonymous(struct service *service, const char *path);

void service_expect_equal(struct baton_str a, struct baton_str b, const char *what);

#endif
