/* recordings.h - what is to be done about cassettes when a run is over: put a new recording in place, and say which recordings
 * nobody asked for and which are old.
 *
 * Threads:  one, after the workers have ended.
 */
#ifndef BATON_EVALS_CLI_RECORDINGS_H
#define BATON_EVALS_CLI_RECORDINGS_H

#include "evals/cli/session.h"

#include <stdio.h>

enum { BATON_RECORDINGS_SHOWN_MAX = 5 };

/* Puts what was recorded in place, conversations in the order of the suite, and says so on `notes`, which may be NULL. */
BATON_MUST_CHECK enum baton_status baton_recordings_finish(struct baton_session *session, FILE *notes,
                                                           struct baton_error *err);

/* What a look at a cassette after its replay found. */
struct baton_recordings_found {
    uint32_t unused, expired;
};

/* Notes unused recordings (`all_played`: every conversation was, else some are for others) and of those past the suite's
 * expiry. BATON_EINPUT, where `today` is no day. */
BATON_MUST_CHECK enum baton_status baton_recordings_review(struct baton_recordings_found *out,
                                                           const struct baton_session *session, const char *today,
                                                           bool all_played, FILE *notes, struct baton_error *err);

#endif
