/* cassette.h - recorded provider traffic: what was asked, what came back, and when.
 *
 * The first line of a file is its header, `{"baton_cassette":1,"created":"2026-11-21","profile":"...","agents_digest":"..."}`;
 * then each line is one interaction (interaction.h). Further members of the header, all optional: `provider` and `model`,
 * with which the agents' own were overridden while recording; `match`, `key` (the default) or `order`; `source`, where an
 * import came from. A file is made to be read in a diff, and is committed.
 *
 * With `match: key` an interaction is found by the key of its request. Of several with one key those of the same
 * conversation come first and, in order, the same occurrence is taken, so that a replay is the same at any number of
 * threads. With `match: order`, which is how foreign recordings come in, the model calls of a conversation are found by
 * their order; their `key` is that of the asked agent's instructions. Tools are found by key under both.
 *
 * Requests are not kept in memory, only where they stand; they are read again for a message about a miss.
 *
 * Owns:     nothing of its own: all lives in the arena of the load, which must outlive it. Files are open only while read.
 * Threads:  any number may find at once; the only thing written is the mark of what was used, which is atomic.
 * Limits:   BATON_CASSETTE_FILES_MAX files, BATON_LINE_BYTES_MAX for a line, BATON_INTERACTIONS_MAX.
 * Errors:   BATON_EINPUT with file:line:column and how to mend it; BATON_ELIMIT, BATON_EIO, BATON_ENOMEM.
 */
#ifndef BATON_SIM_CASSETTE_CASSETTE_H
#define BATON_SIM_CASSETTE_CASSETTE_H

#include "engine/base/map.h"
#include "sim/cassette/interaction.h"
#include "sim/cassette/limits.h"

struct baton_cassette_header {
    struct baton_str created, profile, agents_digest, provider, model, source; /* empty where not given */
    bool is_by_order;
};

/* Appends the line, with its line feed. */
void baton_cassette_header_write(struct baton_text *out, const struct baton_cassette_header *header);

struct baton_cassette_file {
    const char *path;
    struct baton_cassette_header header;
    bool has_header;       /* false only for a file that was cut off within its first line */
    uint64_t whole_bytes;  /* up to the end of its last whole line */
    bool is_torn;          /* something follows them */
    uint32_t first, count; /* of its interactions */
};

struct baton_cassette {
    const struct baton_cassette_file *files;
    uint32_t file_count;
    uint32_t count;                    /* of interactions: baton_cassette_at() */
    const struct baton_codec *codec;   /* if all model calls have the same one, else NULL */
    struct baton_interaction **blocks; /* private, as all below */
    struct baton_key_index *by_key, *by_key_here;
    struct baton_map conversations, agents;
};

struct baton_cassette_options {
    const char *const *files; /* must outlive the cassette */
    uint32_t file_count;
    bool allows_torn_tail; /* of the last file: a line that was cut off is passed over; for going on with a recording */
};

/* Loads all interactions of the files, in order. */
BATON_MUST_CHECK enum baton_status baton_cassette_load(struct baton_cassette **out, struct baton_arena *arena,
                                                       const struct baton_cassette_options *options,
                                                       struct baton_error *err);

struct baton_interaction *baton_cassette_at(const struct baton_cassette *cassette, uint32_t index);

/* What is looked for: the n-th time (from 0) that this conversation asks with this key. */
struct baton_cassette_ask {
    enum baton_interaction_kind kind;
    struct baton_hash key;
    struct baton_str conversation;
    uint32_t n;
    bool is_strict; /* see below */
    uint32_t shared_file_count;
};

/* The interaction, or NULL. When the conversation has fewer than n + 1 of the key the last is taken again; when it has none,
 * those of other conversations are taken in the same way. With is_strict, which is for going on with a recording, the last
 * is not taken again, and of other conversations only what stands in the first shared_file_count files. */
struct baton_interaction *baton_cassette_find(const struct baton_cassette *cassette,
                                              const struct baton_cassette_ask *ask);

/* The first interaction of a conversation, or of an agent, and the next one of it; BATON_NONE where there is none. */
uint32_t baton_cassette_first_in_conversation(const struct baton_cassette *cassette, struct baton_str conversation);
uint32_t baton_cassette_first_of_agent(const struct baton_cassette *cassette, struct baton_str agent);

/* Marks it as used. */
void baton_interaction_use(struct baton_interaction *interaction);

/* The request of a model call as it stands in its file. The tree lives in the arena. */
BATON_MUST_CHECK enum baton_status baton_cassette_request(const struct baton_json **out,
                                                          const struct baton_cassette *cassette,
                                                          const struct baton_interaction *interaction,
                                                          struct baton_arena *arena, struct baton_error *err);

#endif
