/* redact.h - takes secrets and personal ids out of recorded traffic before anything touches a disk.
 *
 * Four rules, each a table: headers that are dropped or emptied; fields of requests and replies that name a person, an
 * installation or a session (`user`, `metadata.user_id`, `client_metadata`, ...); what has the shape of a secret in any text
 * (secrets.h); and the values that the caller knows, in all their spellings (known_values.h). BATON_REDACTED stands where
 * something was; all else stays byte for byte: white space, order of keys, numbers, ids, escapes. Signatures and encrypted
 * reasoning stay as they are.
 *
 * Fields count at the root of a body, or inside `response`, `request`, `body` and `message`, where events and cassettes hold
 * one; not inside arguments, tool results or schemas, which are the conversation's own, nor in JSON that a string holds:
 * there only shapes and known values are looked for, so redact an event's data before it goes into a string. In a redacted
 * field every text becomes BATON_REDACTED and every number 0; empty texts, null, booleans and the keys stay.
 *
 * What is redacted once stays as it is when redacted again (but for broken JSON). Time is linear in the text, whatever
 * stands in it.
 *
 * Owns:     nothing. `out` grows; a failed append (memory, its limit) shows in its `failed`, and what it holds is then not
 *           to be used.
 * Threads:  any number may redact at once.
 */
#ifndef BATON_SIM_REDACT_REDACT_H
#define BATON_SIM_REDACT_REDACT_H

#include "engine/wire/traffic.h"
#include "sim/redact/secrets.h"

struct baton_json;
struct baton_text;

/* In all of these, values may be NULL. */

/* Appends a body, a tree, as JSON without white space, redacted. */
void baton_redact_json(struct baton_text *out, const struct baton_known_values *values, const struct baton_json *root);

/* Appends a text, redacted: JSON (found by its first byte), an event stream (each event's data as JSON), or any other. */
void baton_redact_text(struct baton_text *out, const struct baton_known_values *values, struct baton_str text);

/* A new list in the arena: without those that are dropped (by their name; case does not count), the values redacted, the names as they are given (borrowed).
 * BATON_ELIMIT where the arena is too small. */
BATON_MUST_CHECK enum baton_status baton_redact_headers(struct baton_wire_headers *out, struct baton_arena *arena,
                                                        const struct baton_known_values *values,
                                                        struct baton_wire_headers headers, struct baton_error *err);

#endif
