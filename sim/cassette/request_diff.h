/* request_diff.h - whether two recorded requests ask the same, and where they first do not.
 *
 * Requests are compared by what they say, not by how they are written: the order of keys and white space do not count, nor
 * does what changes from run to run (the table in request_diff.c, and volatile_text.h): `metadata.user_id`, `prompt_cache_key`,
 * `client_metadata`, `cache_control`, the ids of Responses items, and within texts the date, the working folder and the like
 * that agent clients put there. Ids of tool calls and responses are compared by the order in which they first appear, keys
 * sorted. Numbers count as they are written: 1 is not 1.0. Everything else counts, arguments byte for byte.
 *
 * A recording was redacted when it was written: redact the request that is asked too before comparing the two, else the
 * first difference may be a redaction; what diff texts show then holds no secret either.
 *
 * Owns:     nothing; what comes back lives in the arena and in the trees.
 * Threads:  any number may compare at once, each with its own arena.
 * Errors:   BATON_ELIMIT where the arena is too small, and nothing else.
 */
#ifndef BATON_SIM_CASSETTE_REQUEST_DIFF_H
#define BATON_SIM_CASSETTE_REQUEST_DIFF_H

#include "engine/base/arena.h"
#include "engine/base/error.h"

struct baton_json;
struct baton_text;

struct baton_request_diff {
    bool is_equal;
    struct baton_str path; /* of the first difference in the order of `asked`: `messages[3].content` */
    struct baton_str asked,
        recorded; /* the values there as JSON, shortened; two texts from a little before they part */
    bool are_texts;
    size_t common_bytes; /* of two texts: where they part */
    size_t leaf_count, leaf_equal_count;
};

/* Compares. With is_equal, path and values are empty. */
BATON_MUST_CHECK enum baton_status baton_request_diff(struct baton_request_diff *out, struct baton_arena *arena,
                                                      const struct baton_json *asked, const struct baton_json *recorded,
                                                      struct baton_error *err);

/* The share of texts, numbers and other leaves that are equal, of all that either has: 1 for equal requests. */
double baton_request_similarity(const struct baton_request_diff *diff);

/* Appends `messages[3].content: asked "...", recorded "..." (equal for 31 bytes)`, or `no difference`. */
void baton_request_diff_write(struct baton_text *out, const struct baton_request_diff *diff);

#endif
