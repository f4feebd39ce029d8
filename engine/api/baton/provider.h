/* provider.h - who answers for the models: here the host itself; <baton/live.h> has live services, <baton/replay.h>
 * recordings and simulated models.
 *
 * Owns:     a provider must outlive the runs that it answers in; then baton_provider_free().
 * Threads:  one provider may answer in any number of runs and threads at once: each run has its own place in it.
 */
#ifndef BATON_API_PROVIDER_H
#define BATON_API_PROVIDER_H

#include <baton/call.h>
#include <baton/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct baton_provider;

/* Each model call goes to `answer`, on the thread of the run; see <baton/call.h> for what it is told and may answer. The
 * time that it takes is the latency of the call. NULL on an error. */
BATON_API struct baton_provider *baton_provider_callback(void (*answer)(void *user, struct baton_call *call),
                                                         void *user, struct baton_error_info *error);

/* NULL is allowed. */
BATON_API void baton_provider_free(struct baton_provider *provider);

#ifdef __cplusplus
}
#endif

#endif
