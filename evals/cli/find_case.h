/* find_case.h - one conversation out of a session's files, by its id.
 */
#ifndef BATON_EVALS_CLI_FIND_CASE_H
#define BATON_EVALS_CLI_FIND_CASE_H

#include "evals/cli/session.h"
#include "evals/suite/cases.h"

/* Finds the conversation of that id (data NULL: the first one). It lives in the session's arena. BATON_EEMPTY with the nearest
 * id where there is none. */
BATON_MUST_CHECK enum baton_status baton_find_case(struct baton_conversation *out, const struct baton_session *session,
                                                   struct baton_str id, struct baton_error *err);

#endif
