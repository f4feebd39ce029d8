/* replay.h - recordings and simulated models answer: the same bytes each time, without a network.
 *
 * Time in such a run is virtual: it passes as recorded or simulated latencies say.
 */
#ifndef BATON_API_REPLAY_H
#define BATON_API_REPLAY_H

#include <baton/agents.h>
#include <baton/provider.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A recorded conversation: one object in the form of the README's "Conversations", as baton_run_transcript() gives it. The
 * k-th message of a run gets the answers that the k-th user message has there, whatever it says; tools and context are
 * answered from the recording too, never by callbacks or commands. Where a limit cut an exchange short, the next one begins where
 * the recording stands. A message that the recording does not have is
 * BATON_ERROR_USAGE. Where the recording goes on with another agent than the one asked, the exchange ends unanswered, with a
 * warning `diverged`. NULL on an error. */
BATON_API struct baton_provider *baton_provider_recorded(const struct baton_agents *agents, const char *conversation,
                                                         struct baton_error_info *error);

/* A simulated model: `direct`, `random`, `adversary`, `oracle`, with a noise rate as in `random@0.1`, or the path of a file of
 * rules. Every draw is by (seed, the run's conversation id). NULL on an error. */
BATON_API struct baton_provider *baton_provider_simulated(const struct baton_agents *agents, const char *name,
                                                          uint64_t seed, struct baton_error_info *error);

#ifdef __cplusplus
}
#endif

#endif
