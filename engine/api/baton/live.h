/* live.h - live services answer: OpenAI (Chat Completions and Responses), Anthropic, OpenRouter, and what speaks as they do.
 *
 * Which service and model an agent has says the agents file (`provider`, `model`, `base_url`, `api_key`), or the setup for
 * all. libcurl is loaded when the first live provider is made; it is not needed for anything else.
 *
 * Keys:     baton reads no environment. It asks the host's `setting` for each name that the README lists (OPENAI_API_KEY,
 *           ANTHROPIC_BASE_URL, ...) or the agents file names, when a run is opened. A key goes to its service only, and is
 *           in no error, event or transcript.
 * Retries:  what makes sense to be tried again is, never once text has been handed on; half an answer is an error.
 * Limits:   those of the setup are of each run by itself.
 * Threads:  as <baton/provider.h> says; `setting` is called on the thread that opens a run.
 */
#ifndef BATON_API_LIVE_H
#define BATON_API_LIVE_H

#include <baton/agents.h>
#include <baton/provider.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct baton_live_setup {
    const struct baton_agents *agents;                    /* those of the runs */
    const char *(*setting)(void *user, const char *name); /* a value, or NULL: it is not set. Required */
    void *user;
    const char *provider, *model; /* in place of the agents' own; NULL: theirs */
    int is_whole;                 /* ask for whole answers; 0: for streamed ones */
    uint32_t retries_max;
    uint64_t timeout_ms;        /* of a call with all its attempts */
    uint64_t answer_tokens_max; /* 0: what the service does without */
    uint64_t tokens_max;        /* of a run, in and out; 0: any number */
    double usd_max;             /* of a run, by the prices of the agents file; 0: any sum */
    uint64_t seed;              /* of the jitter between attempts */
    void *reserved[4];          /* 0 */
};

/* With every default filled in; only `setting` is still to be given. */
BATON_API struct baton_live_setup baton_live_setup_for(const struct baton_agents *agents);

/* NULL on an error: a service or a model that is missing or unknown, a key that is not set, no libcurl. `user` must outlive
 * the provider; the texts are copied. */
BATON_API struct baton_provider *baton_provider_live(const struct baton_live_setup *setup,
                                                     struct baton_error_info *error);

#ifdef __cplusplus
}
#endif

#endif
