/* redact.c - rewrites texts without their secrets; all else stays byte for byte.
 *
 * JSON is not parsed and written anew, as then white space, escapes and numbers would change, but walked along its tokens: a
 * string is decoded, searched, and written anew only where something was found. What looks like JSON and is none (cut short,
 * with a word in front) is walked all the same, and then searched once more for known values, which may go across what looked
 * like a string. The path of keys to the value at hand is kept only as deep as the tables of fields ask for.
 */
#include "sim/redact/redact.h"

#include "engine/base/json.h"
#include "engine/base/number.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "sim/redact/limits.h"

#include <string.h>
#include <strings.h>

/* ---- headers ---- */

/* What becomes of a header; one that is kept can still hold a secret in its value. */
enum header_action { HEADER_KEPT, HEADER_EMPTIED, HEADER_DROPPED };

static const struct header_rule {
    const char *name; /* a * at the end: any header that begins so */
    enum header_action action;
} header_rules[] = {
    { "authorization", HEADER_EMPTIED },
    { "proxy-authorization", HEADER_EMPTIED },
    { "x-api-key", HEADER_EMPTIED },
    { "api-key", HEADER_EMPTIED },
    { "x-goog-api-key", HEADER_EMPTIED },
    { "ocp-apim-subscription-key", HEADER_EMPTIED },
    { "x-amz-security-token", HEADER_EMPTIED },
    { "x-auth-token", HEADER_EMPTIED },
    { "cookie", HEADER_DROPPED },
    { "set-cookie", HEADER_DROPPED },
    { "openai-organization", HEADER_DROPPED },
    { "openai-project", HEADER_DROPPED },
    { "anthropic-organization-id", HEADER_DROPPED },
    { "chatgpt-account-id", HEADER_DROPPED },
    { "x-msh-device-*", HEADER_DROPPED },
    { "x-claude-code-session-id", HEADER_DROPPED },
    { "x-codex-installation-id", HEADER_DROPPED },
    { "x-codex-parent-thread-id", HEADER_DROPPED },
    { "x-codex-turn-metadata", HEADER_DROPPED },
    { "x-codex-window-id", HEADER_DROPPED },
    { "x-client-request-id", HEADER_DROPPED }, /* Codex puts the session's id there */
    { "x-session-id", HEADER_DROPPED },
    { "session-id", HEADER_DROPPED },
    { "session_id", HEADER_DROPPED },
    { "thread-id", HEADER_DROPPED },
    { "conversation-id", HEADER_DROPPED },
    { "conversation_id", HEADER_DROPPED },
    { "mcp-session-id", HEADER_DROPPED },
    { "vscode-sessionid", HEADER_DROPPED },
    { "vscode-machineid", HEADER_DROPPED },
    { "editor-device-id", HEADER_DROPPED },
    { "x-forwarded-for", HEADER_DROPPED },
    { "x-real-ip", HEADER_DROPPED },
    { "cf-connecting-ip", HEADER_DROPPED },
};

/* By its name alone; case does not count. */
static enum header_action header_action(struct baton_str name)
{
    for (size_t i = 0; i < sizeof header_rules / sizeof *header_rules; i++) {
        const char *rule = header_rules[i].name;
        size_t length = strlen(rule);
        bool is_prefix = rule[length - 1] == '*';
        length -= is_prefix;
        if ((is_prefix ? name.length >= length : name.length == length) && strncasecmp(name.data, rule, length) == 0) {
            return header_rules[i].action;
        }
    }
    return HEADER_KEPT;
}

/* ---- fields ---- */

/* Of a body; see the header for where one may stand. */
static const char *const secret_fields[] = {
    "user",      "safety_identifier", "prompt_cache_key",    "client_metadata",    "session_id",
    "sessionId", "metadata.user_id",  "metadata.session_id", "metadata.device_id", "metadata.account_uuid",
};

static const char *const wrappers[] = { "response", "request", "body", "message" };

/* Random bytes in base64: what has a shape within is there by chance. A shape at their very beginning is not. */
static const char *const exact_fields[] = { "signature", "encrypted_content", "thoughtSignature", "thought_signature" };

enum {
    LEVELS_MAX = 64,   /* deeper, no field has a rule */
    KEY_BYTES_MAX = 40 /* longer, no key has one */
};

enum treatment { SCAN, EXACT, REPLACE };

struct redactor {
    struct baton_text *out;
    const struct baton_known_values *values;
    struct baton_str text;
    bool is_stream;  /* the lines of one event, each after `data:` */
    bool is_json;    /* nothing stood between strings that JSON has not */
    size_t at, done; /* read so far; written so far */
    size_t depth;
    size_t replaced_depth;                    /* all below this level is replaced; 0 = nothing */
    char keys[LEVELS_MAX + 1][KEY_BYTES_MAX]; /* of the value that comes next at each level; "" within arrays */
    struct baton_text decoded, cleaned;
};

static bool is_one_of(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

#define IS_ONE_OF(words, word) is_one_of(words, sizeof(words) / sizeof *(words), word)

/* What is to be done with the value that comes now. */
static enum treatment treatment_now(const struct redactor *redactor)
{
    if (redactor->replaced_depth > 0) {
        return REPLACE;
    }
    if (redactor->depth == 0 || redactor->depth > LEVELS_MAX || redactor->keys[redactor->depth][0] == '\0') {
        return SCAN;
    }
    const char *key = redactor->keys[redactor->depth];
    bool in_headers = redactor->depth > 1 && strcmp(redactor->keys[redactor->depth - 1], "headers") == 0;
    if (in_headers && header_action(baton_str_of(key)) != HEADER_KEPT) {
        return REPLACE;
    }
    size_t first = 1;
    while (first < redactor->depth && IS_ONE_OF(wrappers, redactor->keys[first])) {
        first++;
    }
    char path[2 * KEY_BYTES_MAX + 1];
    if (redactor->depth == first || redactor->depth == first + 1) {
        const char *outer = redactor->depth == first ? "" : redactor->keys[first];
        size_t length = strlen(outer);
        memcpy(path, outer, length);
        path[length] = '.';
        memcpy(path + length + 1, key, strlen(key) + 1);
        if (IS_ONE_OF(secret_fields, length == 0 ? path + 1 : path)) {
            return REPLACE;
        }
    }
    return IS_ONE_OF(exact_fields, key) ? EXACT : SCAN;
}

/* ---- texts ---- */

/* Whether this can be many random bytes in base64. */
static bool is_blob(struct baton_str text)
{
    enum { BLOB = 64 };
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool is_alnum = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
        if (!is_alnum && memchr("+/=-_", c, 5) == NULL) {
            return false;
        }
    }
    return text.length >= BLOB;
}

/* Appends the text with its secrets replaced. */
static void put_clean(struct baton_text *out, const struct baton_known_values *values, struct baton_str text,
                      bool is_exact)
{
    if (text.length == 0) {
        return;
    }
    struct baton_secret_search search = baton_secret_search_in(values, text);
    struct baton_secret secret;
    size_t done = 0;
    while (baton_secret_search_next(&search, &secret)) {
        if (is_exact && secret.kind != BATON_SECRET_VALUE && secret.start > 0) {
            continue;
        }
        baton_text_append(out, text.data + done, secret.start - done);
        baton_text_puts(out, BATON_REDACTED);
        done = secret.end;
    }
    baton_text_append(out, text.data + done, text.length - done);
}

/* The four hex digits after \u at p, or 0x10000 where there are none. */
static uint32_t escape_unit(const char *p, size_t left)
{
    uint32_t unit = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = i < left ? baton_number_hex_digit(p[i]) : -1;
        if (left < 2 || p[0] != '\\' || p[1] != 'u' || digit < 0) {
            return 0x10000;
        }
        unit = unit << 4 | (unsigned)digit;
    }
    return unit;
}

static void put_utf8(struct baton_text *out, uint32_t point)
{
    char bytes[4];
    baton_text_append(out, bytes, baton_utf8_write(bytes, point));
}

/* One escape; returns its length. What is none stays as it is. */
static size_t put_unescaped(struct baton_text *out, const char *p, size_t left)
{
    static const char named[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    if (left < 2) {
        baton_text_putc(out, p[0]);
        return 1;
    }
    for (size_t i = 0; i < sizeof named - 1; i += 2) {
        if (named[i] == p[1]) {
            baton_text_putc(out, named[i + 1]);
            return 2;
        }
    }
    uint32_t unit = escape_unit(p, left);
    if (unit == 0x10000) {
        baton_text_append(out, p, 2);
        return 2;
    }
    uint32_t low = unit >= 0xd800 && unit <= 0xdbff && left >= 12 ? escape_unit(p + 6, left - 6) : 0;
    if (low >= 0xdc00 && low <= 0xdfff) {
        put_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        return 12;
    }
    put_utf8(out, unit >= 0xd800 && unit <= 0xdfff ? BATON_UTF8_REPLACEMENT : unit);
    return 6;
}

/* What a string's inside says; borrowed from the text or from `decoded`. */
static struct baton_str decode(struct redactor *redactor, struct baton_str inside)
{
    if (inside.length == 0 || memchr(inside.data, '\\', inside.length) == NULL) {
        return inside;
    }
    baton_text_reset(&redactor->decoded);
    for (size_t i = 0; i < inside.length;) {
        const char *escape = memchr(inside.data + i, '\\', inside.length - i);
        size_t plain = escape == NULL ? inside.length - i : (size_t)(escape - inside.data) - i;
        baton_text_append(&redactor->decoded, inside.data + i, plain);
        i += plain;
        if (i < inside.length) {
            i += put_unescaped(&redactor->decoded, inside.data + i, inside.length - i);
        }
    }
    redactor->out->failed = redactor->out->failed || redactor->decoded.failed;
    return baton_text_str(&redactor->decoded);
}

/* ---- JSON, as it is written: a walk along its tokens, which forgives what is not JSON ---- */

/* Writes what stands between strings, up to `end`. */
static void put_between(struct redactor *redactor, size_t end)
{
    struct baton_str between = { redactor->text.data + redactor->done, end - redactor->done };
    put_clean(redactor->out, redactor->values, between, false);
    redactor->done = end;
}

static void put_string(struct redactor *redactor, size_t start, size_t end, enum treatment treatment)
{
    struct baton_str inside = { redactor->text.data + start + 1, end - start - 2 };
    struct baton_str says = decode(redactor, inside);
    put_between(redactor, start);
    redactor->done = end;
    if (treatment == REPLACE) {
        baton_text_puts(redactor->out, says.length == 0 ? "\"\"" : "\"" BATON_REDACTED "\"");
        return;
    }
    baton_text_reset(&redactor->cleaned);
    put_clean(&redactor->cleaned, redactor->values, says, treatment == EXACT && is_blob(says));
    struct baton_str cleaned = baton_text_str(&redactor->cleaned);
    redactor->out->failed = redactor->out->failed || redactor->cleaned.failed;
    if (baton_str_equal(cleaned, says)) {
        baton_text_append(redactor->out, redactor->text.data + start, end - start);
    } else {
        baton_text_json_string(redactor->out, cleaned.data, cleaned.length);
    }
}

#define DATA "data:" /* a line of an event stream */

static bool is_data_line(struct baton_str text, size_t at)
{
    return baton_str_starts(baton_str_after(text, at), DATA);
}

/* Past white space; in a stream also past the `data:` that begins each line. */
static size_t skip_blanks(const struct redactor *redactor, size_t at)
{
    struct baton_str text = redactor->text;
    while (at < text.length && memchr(" \t\r\n", text.data[at], 4) != NULL) {
        bool is_line = redactor->is_stream && text.data[at] == '\n';
        at++;
        if (is_line && is_data_line(text, at)) {
            at += sizeof DATA - 1;
        }
    }
    return at;
}

static void note_key(struct redactor *redactor, struct baton_str key)
{
    if (redactor->depth == 0 || redactor->depth > LEVELS_MAX) {
        return;
    }
    char *kept = redactor->keys[redactor->depth];
    bool fits = key.length < KEY_BYTES_MAX && (key.length == 0 || memchr(key.data, '\0', key.length) == NULL);
    memcpy(kept, fits && key.length > 0 ? key.data : "", fits ? key.length : 0);
    kept[fits ? key.length : 0] = '\0';
}

/* A string: a key when a colon follows. */
static void walk_string(struct redactor *redactor)
{
    struct baton_str text = redactor->text;
    size_t start = redactor->at, end = start + 1;
    while (end < text.length && text.data[end] != '"') {
        end += text.data[end] == '\\' ? 2 : 1;
    }
    if (end >= text.length) {
        bool is_hidden = treatment_now(redactor) == REPLACE;
        put_between(redactor, is_hidden ? start : text.length);
        baton_text_puts(redactor->out, is_hidden ? "\"" BATON_REDACTED : "");
        redactor->done = redactor->at = text.length;
        redactor->is_json = false;
        return;
    }
    redactor->at = ++end;
    size_t next = skip_blanks(redactor, end);
    if (next < text.length && text.data[next] == ':') {
        note_key(redactor, decode(redactor, (struct baton_str){ text.data + start + 1, end - start - 2 }));
        put_string(redactor, start, end, SCAN);
    } else {
        put_string(redactor, start, end, treatment_now(redactor));
    }
}

/* A number, or what has its characters. */
static void walk_number(struct redactor *redactor)
{
    struct baton_str text = redactor->text;
    size_t end = redactor->at + 1;
    while (end < text.length &&
           ((text.data[end] >= '0' && text.data[end] <= '9') || memchr("+-.eE", text.data[end], 5) != NULL)) {
        end++;
    }
    if (treatment_now(redactor) == REPLACE) {
        put_between(redactor, redactor->at);
        baton_text_putc(redactor->out, '0');
        redactor->done = end;
    }
    redactor->at = end;
}

static void walk_open(struct redactor *redactor)
{
    bool begins = redactor->replaced_depth == 0 && treatment_now(redactor) == REPLACE;
    redactor->depth++;
    redactor->replaced_depth = begins ? redactor->depth : redactor->replaced_depth;
    note_key(redactor, (struct baton_str){ "", 0 });
    redactor->at++;
}

static void walk_close(struct redactor *redactor)
{
    if (redactor->depth == redactor->replaced_depth) {
        redactor->replaced_depth = 0;
    }
    redactor->depth -= redactor->depth > 0;
    redactor->at++;
}

static void walk(struct redactor *redactor)
{
    static const char others[] = " \t\r\n:truefalsn";
    while (redactor->at < redactor->text.length) {
        char c = redactor->text.data[redactor->at];
        if (c == '"') {
            walk_string(redactor);
        } else if (c == '{' || c == '[') {
            walk_open(redactor);
        } else if (c == '}' || c == ']') {
            walk_close(redactor);
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            walk_number(redactor);
        } else if (c == ',') {
            note_key(redactor, (struct baton_str){ "", 0 });
            redactor->at++;
        } else {
            bool is_known = memchr(others, c, sizeof others - 1) != NULL || (c == 'd' && redactor->is_stream);
            redactor->is_json = redactor->is_json && is_known;
            redactor->at++;
        }
    }
    put_between(redactor, redactor->text.length);
}

/* Known values as they are written, whatever the text is. */
static void put_without_values(struct baton_text *out, const struct baton_known_values *values, struct baton_str text)
{
    struct baton_known_search search = baton_known_search_in(values, text);
    size_t done = 0, start, end;
    while (baton_known_search_next(&search, &start, &end)) {
        baton_text_append(out, text.data + done, start - done);
        baton_text_puts(out, BATON_REDACTED);
        done = end;
    }
    baton_text_append(out, text.data + done, text.length - done);
}

static void put_json(struct baton_text *out, const struct baton_known_values *values, struct baton_str text,
                     bool is_stream)
{
    struct baton_text draft = baton_text_with_limit(BATON_REDACT_TEXT_BYTES_MAX);
    struct redactor redactor = { .out = &draft,
                                 .values = values,
                                 .text = text,
                                 .is_stream = is_stream,
                                 .is_json = true,
                                 .decoded = baton_text_with_limit(BATON_REDACT_TEXT_BYTES_MAX),
                                 .cleaned = baton_text_with_limit(BATON_REDACT_TEXT_BYTES_MAX) };
    walk(&redactor);
    struct baton_str written = baton_text_str(&draft);
    if (redactor.is_json) {
        baton_text_append(out, written.data, written.length);
    } else { /* it only looked like JSON at first, and a value may go across what looked like a string */
        put_without_values(out, values, written);
    }
    out->failed = out->failed || draft.failed;
    baton_text_clear(&redactor.cleaned);
    baton_text_clear(&redactor.decoded);
    baton_text_clear(&draft);
}

/* ---- any text ---- */

static bool begins_json(struct baton_str text, size_t at)
{
    at += at == 0 && text.length >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < text.length && memchr(" \t\r\n", text.data[at], 4) != NULL) {
        at++;
    }
    return at < text.length && (text.data[at] == '{' || text.data[at] == '[');
}

static size_t line_end(struct baton_str text, size_t at)
{
    const char *end = at < text.length ? memchr(text.data + at, '\n', text.length - at) : NULL;
    return end == NULL ? text.length : (size_t)(end - text.data) + 1;
}

/* Events in between other lines: the lines of one event's data are one JSON text. */
static void put_lines(struct baton_text *out, const struct baton_known_values *values, struct baton_str text)
{
    size_t done = 0, end;
    for (size_t at = 0; at < text.length; at = end) {
        end = line_end(text, at);
        if (!is_data_line(text, at) || !begins_json(text, at + sizeof DATA - 1)) {
            continue;
        }
        while (end < text.length && is_data_line(text, end)) {
            end = line_end(text, end);
        }
        size_t start = at + sizeof DATA - 1;
        put_clean(out, values, (struct baton_str){ text.data + done, start - done }, false);
        put_json(out, values, (struct baton_str){ text.data + start, end - start }, true);
        done = end;
    }
    put_clean(out, values, (struct baton_str){ text.data + done, text.length - done }, false);
}

void baton_redact_text(struct baton_text *out, const struct baton_known_values *values, struct baton_str text)
{
    if (text.length == 0) {
        return;
    }
    if (begins_json(text, 0)) {
        put_json(out, values, text, false);
    } else {
        put_lines(out, values, text);
    }
}

void baton_redact_json(struct baton_text *out, const struct baton_known_values *values, const struct baton_json *root)
{
    struct baton_text written = baton_text_with_limit(BATON_REDACT_TEXT_BYTES_MAX);
    baton_json_write(&written, root);
    put_json(out, values, baton_text_str(&written), false);
    out->failed = out->failed || written.failed;
    baton_text_clear(&written);
}

enum baton_status baton_redact_headers(struct baton_wire_headers *out, struct baton_arena *arena,
                                       const struct baton_known_values *values, struct baton_wire_headers headers,
                                       struct baton_error *err)
{
    *out = (struct baton_wire_headers){ NULL, 0 };
    struct baton_wire_header *items = baton_arena_array(arena, headers.count, sizeof *items);
    struct baton_text value = baton_text_with_limit(BATON_REDACT_TEXT_BYTES_MAX);
    enum baton_status status = BATON_OK;
    size_t count = 0;
    for (size_t i = 0; i < headers.count && items != NULL && status == BATON_OK; i++) {
        enum header_action action = header_action(headers.items[i].name);
        if (action == HEADER_DROPPED) {
            continue;
        }
        baton_text_reset(&value);
        if (action == HEADER_EMPTIED) {
            baton_text_puts(&value, BATON_REDACTED);
        } else {
            baton_redact_text(&value, values, headers.items[i].value);
        }
        const char *copy = baton_arena_copy(arena, baton_text_str(&value).data, value.length);
        items[count++] = (struct baton_wire_header){ headers.items[i].name, { copy, value.length } };
        status = copy == NULL || value.failed ? BATON_ELIMIT : BATON_OK;
    }
    baton_text_clear(&value);
    if (items == NULL || status != BATON_OK) {
        return baton_error_set(err, BATON_ELIMIT, "the headers need more memory than is allowed");
    }
    *out = (struct baton_wire_headers){ items, count };
    return BATON_OK;
}
