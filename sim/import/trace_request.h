/* foreign.h - a request that somebody else's program sent, in whichever of the spoken formats, as a list of what was said.
 *
 * Pictures, reasoning, and whatever else is no text, call or result is passed over. Where messages are a mere text it is the
 * user's. Prompts at the start (roles system and developer, `instructions`, `system`) are the agent's instructions; those
 * further on, which some put there to speak as somebody new, are not.
 *
 * Owns:     nothing; all lives in the arena and in the tree of the request.
 * Threads:  any.
 * Errors:   BATON_ELIMIT where the arena is too small. What is not as it should be is passed over.
 */
#ifndef BATON_SIM_IMPORT_FOREIGN_H
#define BATON_SIM_IMPORT_FOREIGN_H

#include "engine/base/json.h"
#include "engine/wire/codec.h"

enum baton_said_kind { BATON_SAID_USER, BATON_SAID_ASSISTANT, BATON_SAID_CALL, BATON_SAID_RESULT };

struct baton_said {
    enum baton_said_kind kind;
    struct baton_str text;     /* of a user, an assistant, a result; the arguments of a call */
    struct baton_str id, name; /* of a call; of a result the id of its call */
    bool is_error;             /* a result that says so */
};

struct baton_foreign_tool {
    struct baton_str name, description;
    const struct baton_json *parameters; /* or NULL */
};

struct baton_foreign_request {
    struct baton_str model, system;
    const struct baton_said *said;
    uint32_t said_count;
    const struct baton_foreign_tool *tools;
    uint32_t tool_count;
    struct baton_str previous_id; /* Responses: the reply that holds what was said before */
};

BATON_MUST_CHECK enum baton_status baton_foreign_read(struct baton_foreign_request *out, struct baton_arena *arena,
                                                      const struct baton_codec *codec, const struct baton_json *root,
                                                      struct baton_error *err);

/* The format behind a URL, or NULL; *reason then says why it is none. Static. */
const struct baton_codec *baton_foreign_codec(struct baton_str method, struct baton_str url, const char **reason);

#endif
