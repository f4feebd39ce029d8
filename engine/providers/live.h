/* live.h - asks the live services: what the run loop wants goes out over HTTP, and a whole answer comes back, or an error.
 *
 *     struct baton_live_options options = baton_live_options_default(agents);   // agents outlive the live
 *     options.setting = environment;                                            // getenv(name), in evals/cli/main.c only
 *     options.is_stream = true;
 *     status = baton_live_new(&live, &options, &err);                           // once, for all threads
 *
 *     status = baton_live_caller_new(&caller, live, &err);                      // in each worker thread
 *     run_options.provider = baton_live_caller_provider(caller);
 *     run_options.clock = options.clock;                                        // times are measured
 *     ...
 *     baton_live_caller_free(caller);                                           // all callers first
 *     baton_live_free(live);
 *
 * A call encodes the request once (encoder.h), waits for its turn (limiter.h), posts (http.h), decodes what comes, whole or
 * as a stream, whichever the server chose (decoder.h), and makes it again where that makes sense (retry.h): never once text
 * has gone to the request's on_text. Half an answer is an error. Before a reply is handed back it is shown to the sink
 * (traffic.h): what has been used has been recorded. A request that was refused for what it says (BATON_FAULT_BAD_REQUEST)
 * is shown too, as it would be refused again; a failure that is not the request's own never is.
 *
 * Where it posts: the format's base URL variable (OPENAI_BASE_URL, ANTHROPIC_BASE_URL, OPENROUTER_BASE_URL) where that is
 * set and not empty, else the agent's `base_url`, else the service itself. Plain http:// is for this machine.
 * Which key:      the variable that the agent's `api_key` names, else the format's own. That one goes to the service itself, to
 * this machine and where the environment says, but not to the `base_url` of a file: that has to name a key of its own, so that
 * nobody's key goes where a file of somebody else wants it. Without a key a call is made only to plain http:// or a unix
 * socket, which is to say to this machine, and then no header has a key: Ollama, vLLM and the like.
 *
 * Owns:     agents, clock, sink, settings' user and all texts of the options are borrowed and outlive the live. Its copy of
 *           the keys goes with baton_live_free().
 * Threads:  a live is shared by all; a caller belongs to one thread at a time.
 * Secrets:  no key is in an error text or an event; one that a service quotes in an error is cut out of it. The traffic has
 *           no headers of the request, but the service's words as they came: redacting them is the recorder's.
 * Limits:   spend_max_pico and tokens_max are of the live, over all its threads and providers: calls under way when one is
 *           reached still count, so it is passed by those at most. Rates are of each provider by itself. A reply without usage
 *           counts by its bytes (4 a token), an attempt that broke off after its answer had begun by those of its request.
 */
#ifndef BATON_ENGINE_PROVIDERS_LIVE_H
#define BATON_ENGINE_PROVIDERS_LIVE_H

#include "engine/providers/limits.h"
#include "engine/providers/live_options.h"
#include "engine/wire/fault.h"

struct baton_live;
struct baton_live_caller;

/* The constants of limits.h, the system's clock, no stream, no limits, seed 0. */
struct baton_live_options baton_live_options_default(const struct baton_agents *agents);

/* Finds provider, model, key and address for each agent. BATON_EUSAGE when one of them is missing or not known, when a URL
 * may not be called, or when spend_max_pico is set and a model has no price; BATON_EPROVIDER when there is no libcurl;
 * BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_live_new(struct baton_live **out, const struct baton_live_options *options,
                                                  struct baton_error *err);
void baton_live_free(struct baton_live *live);

struct baton_live_totals {
    uint64_t calls;    /* that ended, well or not */
    uint64_t attempts; /* requests sent */
    uint64_t tokens;
    uint64_t spent_pico; /* 0 where no price is known */
};

/* For tests: what has been done so far, by all callers. */
struct baton_live_totals baton_live_totals(const struct baton_live *live);

/* BATON_ENOMEM, BATON_EPROVIDER. */
BATON_MUST_CHECK enum baton_status baton_live_caller_new(struct baton_live_caller **out, struct baton_live *live,
                                                         struct baton_error *err);
void baton_live_caller_free(struct baton_live_caller *caller);

/* For run options. Replies have BATON_LATENCY_MEASURED (the clock of the run is to be that of the options) and the time to
 * the first text; with tells_times the times that the sink got, of the attempt that counted alone. Errors:
 * BATON_EPROVIDER (see the fault), BATON_EUSAGE (the agent cannot be asked), BATON_EINTERRUPTED (also a limit of money or
 * tokens that was reached), BATON_ELIMIT, BATON_ENOMEM, and what the sink returns. */
struct baton_provider *baton_live_caller_provider(struct baton_live_caller *caller);

/* For tests, of the last call: what kind of failure BATON_EPROVIDER was, else BATON_FAULT_NONE; and how often it was sent. */
enum baton_provider_fault baton_live_caller_fault(const struct baton_live_caller *caller);
uint32_t baton_live_caller_attempts(const struct baton_live_caller *caller);

#endif
