/* secrets.c - finds secrets by their shape, in one walk along the text.
 *
 * Most shapes are rows of a table: a prefix, the characters that follow, how many, and how random they must look, as words such
 * as `sk-container-id-1` must not be taken. Four have code of their own: JWTs, bearer tokens, private keys, home folders. Each
 * looks no further than a bound from where it begins, or takes what it has looked at, so that no text costs more than its length.
 */
#include "sim/redact/secrets.h"

#include "engine/base/number.h"

#include <string.h>

/* ---- what stands in a word ---- */

enum {
    UPPER = 1,
    LOWER = 2,
    DIGIT = 4,
    DASH = 8,
    UNDERSCORE = 16,
    DOT = 32,
    STAR = 64,   /* in a key shown in part: sk-ab********yz */
    BASE64 = 128 /* + / = and ~ */
};
enum { ALNUM = UPPER | LOWER | DIGIT, WORD = ALNUM | DASH | UNDERSCORE };

static unsigned class_of(char c)
{
    if (c >= 'a' && c <= 'z') {
        return LOWER;
    }
    if (c >= 'A' && c <= 'Z') {
        return UPPER;
    }
    if (c >= '0' && c <= '9') {
        return DIGIT;
    }
    switch (c) {
    case '-':
        return DASH;
    case '_':
        return UNDERSCORE;
    case '.':
        return DOT;
    case '*':
        return STAR;
    case '+':
    case '/':
    case '=':
    case '~':
        return BASE64;
    default:
        return 0;
    }
}

/* The end of the run of such characters that starts at `at`, looked for in the next `most`. */
static size_t run_end(struct baton_str text, size_t at, unsigned classes, size_t most)
{
    size_t limit = text.length - at < most ? text.length : at + most;
    while (at < limit && (class_of(text.data[at]) & classes) != 0) {
        at++;
    }
    return at;
}

static bool has_at(struct baton_str text, size_t at, const char *what, size_t length)
{
    return text.length - at >= length && memcmp(text.data + at, what, length) == 0;
}

static bool all_hex(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (baton_number_hex_digit(text[i]) < 0) {
            return false;
        }
    }
    return true;
}

/* Whether a word can begin here: after no letter, digit, - or _, or after the escape that these belong to. */
static bool begins_word(struct baton_str text, size_t at)
{
    if (at == 0 || (class_of(text.data[at - 1]) & WORD) == 0) {
        return true;
    }
    const char *before = text.data + at;
    return (at >= 2 && before[-2] == '\\' && strchr("bfnrtv", before[-1]) != NULL) ||
           (at >= 3 && before[-3] == '%' && all_hex(before - 2, 2)) ||
           (at >= 6 && before[-6] == '\\' && before[-5] == 'u' && all_hex(before - 4, 4));
}

static bool holds_placeholder(struct baton_str text, size_t start, size_t end)
{
    return baton_str_has((struct baton_str){ text.data + start, end - start }, BATON_STR(BATON_REDACTED));
}

/* Whether the characters look drawn by lot: a piece of 12 without a separator that has a digit or both cases, one of 24 of
 * any letters, or stars in place of some. `sk-container-id-1` and `Bearer authentication` do not. */
static bool looks_random(struct baton_str text, size_t start, size_t end)
{
    enum { PIECE = 12, PIECE_OF_LETTERS = 24, STARS = 3 };
    unsigned seen = 0;
    size_t length = 0, stars = 0;
    for (size_t i = start; i < end; i++) {
        unsigned class = class_of(text.data[i]);
        stars += class == STAR;
        if ((class & ALNUM) == 0) {
            seen = 0;
            length = 0;
            continue;
        }
        seen |= class;
        length++;
        bool is_mixed = (seen & DIGIT) != 0 || (seen & ALNUM) == (UPPER | LOWER);
        if ((length >= PIECE && is_mixed) || length >= PIECE_OF_LETTERS) {
            return true;
        }
    }
    return stars >= STARS;
}

/* ---- keys that begin in a way of their own ---- */

enum demand { ANY, RANDOM, MIXED /* capital and small letters */ };

static const struct shape {
    const char *prefix;
    unsigned char prefix_length;
    enum baton_secret_kind kind;
    unsigned classes;                  /* of what follows */
    unsigned short length, length_max; /* of what follows */
    enum demand demand;
} shapes[] = {
#define PREFIX(text) text, sizeof(text) - 1
    { PREFIX("sk-"), BATON_SECRET_API_KEY, WORD | STAR, 14, 256, RANDOM }, /* OpenAI, Anthropic, OpenRouter, DeepSeek */
    { PREFIX("gsk_"), BATON_SECRET_API_KEY, ALNUM | UNDERSCORE, 20, 256, RANDOM }, /* Groq */
    { PREFIX("xai-"), BATON_SECRET_API_KEY, WORD, 20, 256, RANDOM },               /* xAI */
    { PREFIX("pplx-"), BATON_SECRET_API_KEY, ALNUM, 20, 256, RANDOM },             /* Perplexity */
    { PREFIX("sk_live_"), BATON_SECRET_API_KEY, ALNUM, 16, 256, RANDOM },          /* Stripe */
    { PREFIX("rk_live_"), BATON_SECRET_API_KEY, ALNUM, 16, 256, RANDOM },          /* Stripe */
    { PREFIX("AIza"), BATON_SECRET_API_KEY, WORD, 35, 40, ANY },                   /* Google */
    { PREFIX("ya29."), BATON_SECRET_ACCESS_TOKEN, WORD | DOT, 20, 512, RANDOM },   /* Google OAuth */
    { PREFIX("ghp_"), BATON_SECRET_ACCESS_TOKEN, ALNUM, 30, 255, ANY },            /* GitHub */
    { PREFIX("gho_"), BATON_SECRET_ACCESS_TOKEN, ALNUM, 30, 255, ANY },
    { PREFIX("ghu_"), BATON_SECRET_ACCESS_TOKEN, ALNUM, 30, 255, ANY },
    { PREFIX("ghs_"), BATON_SECRET_ACCESS_TOKEN, ALNUM, 30, 255, ANY },
    { PREFIX("ghr_"), BATON_SECRET_ACCESS_TOKEN, ALNUM, 30, 255, ANY },
    { PREFIX("github_pat_"), BATON_SECRET_ACCESS_TOKEN, ALNUM | UNDERSCORE, 30, 255, ANY },
    { PREFIX("glpat-"), BATON_SECRET_ACCESS_TOKEN, WORD, 20, 255, RANDOM }, /* GitLab */
    { PREFIX("hf_"), BATON_SECRET_ACCESS_TOKEN, ALNUM, 30, 64, RANDOM },    /* Hugging Face */
    { PREFIX("npm_"), BATON_SECRET_ACCESS_TOKEN, ALNUM, 36, 36, RANDOM },
    { PREFIX("xoxb-"), BATON_SECRET_ACCESS_TOKEN, ALNUM | DASH, 20, 255, RANDOM }, /* Slack */
    { PREFIX("xoxa-"), BATON_SECRET_ACCESS_TOKEN, ALNUM | DASH, 20, 255, RANDOM },
    { PREFIX("xoxp-"), BATON_SECRET_ACCESS_TOKEN, ALNUM | DASH, 20, 255, RANDOM },
    { PREFIX("xoxr-"), BATON_SECRET_ACCESS_TOKEN, ALNUM | DASH, 20, 255, RANDOM },
    { PREFIX("xoxs-"), BATON_SECRET_ACCESS_TOKEN, ALNUM | DASH, 20, 255, RANDOM },
    { PREFIX("xapp-"), BATON_SECRET_ACCESS_TOKEN, ALNUM | DASH, 20, 255, RANDOM },
    { PREFIX("AKIA"), BATON_SECRET_CLOUD_KEY, UPPER | DIGIT, 16, 16, ANY }, /* AWS */
    { PREFIX("ASIA"), BATON_SECRET_CLOUD_KEY, UPPER | DIGIT, 16, 16, ANY },
    { PREFIX("org-"), BATON_SECRET_ACCOUNT_ID, ALNUM, 20, 32, MIXED }, /* OpenAI */
    { PREFIX("proj_"), BATON_SECRET_ACCOUNT_ID, ALNUM, 20, 32, MIXED },
    { PREFIX("user-"), BATON_SECRET_ACCOUNT_ID, ALNUM, 20, 32, MIXED },
#undef PREFIX
};

static bool meets(enum demand demand, struct baton_str text, size_t start, size_t end)
{
    unsigned seen = 0;
    switch (demand) {
    case ANY:
        return true;
    case RANDOM:
        return looks_random(text, start, end);
    case MIXED:
        for (size_t i = start; i < end; i++) {
            seen |= class_of(text.data[i]);
        }
        return (seen & (UPPER | LOWER)) == (UPPER | LOWER);
    }
    return false;
}

/* A run is looked at no further than one more than it may be long, so that failing costs little. */
static bool shape_at(struct baton_str text, size_t at, struct baton_secret *out)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *shape = &shapes[i];
        if (shape->prefix[0] != text.data[at] || !has_at(text, at, shape->prefix, shape->prefix_length)) {
            continue;
        }
        size_t start = at + shape->prefix_length;
        size_t end = run_end(text, start, shape->classes, shape->length_max + (size_t)1);
        bool goes_on = end < text.length && (class_of(text.data[end]) & ALNUM) != 0; /* a word of another kind */
        if (end - start >= shape->length && end - start <= shape->length_max && !goes_on &&
            meets(shape->demand, text, start, end) && !holds_placeholder(text, start, end)) {
            *out = (struct baton_secret){ at, end, shape->kind };
            return true;
        }
    }
    return false;
}

/* Three parts of base64url or more, the first the JSON of a header: eyJ... No part begins a word, so each byte of a text
 * is looked at for a few candidates only. */
static bool jwt_at(struct baton_str text, size_t at, struct baton_secret *out)
{
    enum { PART = 10, HEADER = 4096, LOOK = 256 };
    if (!has_at(text, at, "eyJ", 3)) {
        return false;
    }
    size_t first = run_end(text, at, WORD, HEADER);
    if (first - at < PART || first == text.length || text.data[first] != '.') {
        return false;
    }
    size_t second = run_end(text, first + 1, WORD, SIZE_MAX);
    if (second - first <= PART || second == text.length || text.data[second] != '.' ||
        holds_placeholder(text, at, run_end(text, second + 1, WORD, LOOK))) {
        return false;
    }
    *out = (struct baton_secret){ at, run_end(text, second + 1, WORD | DOT, SIZE_MAX), BATON_SECRET_JWT };
    return true;
}

/* `Bearer TOKEN` in any case; the token alone is the secret. Its first bytes decide. */
static bool bearer_at(struct baton_str text, size_t at, struct baton_secret *out)
{
    enum { TOKEN = 16, BLANKS = 4, LOOK = 256 };
    static const char lower[] = "bearer";
    for (size_t i = 0; i < sizeof lower - 1; i++) {
        if (at + i >= text.length || (text.data[at + i] | 0x20) != lower[i]) {
            return false;
        }
    }
    size_t word = at + sizeof lower - 1, start = word;
    while (start < text.length && start - word < BLANKS && (text.data[start] == ' ' || text.data[start] == '+')) {
        start++;
    }
    if (start == word && has_at(text, start, "%20", 3)) {
        start += 3;
    }
    unsigned classes = WORD | DOT | STAR | BASE64;
    size_t look = run_end(text, start, classes, LOOK);
    if (start == word || look - start < TOKEN || !looks_random(text, start, look) ||
        holds_placeholder(text, start, look)) {
        return false;
    }
    *out = (struct baton_secret){ start, run_end(text, look, classes, SIZE_MAX), BATON_SECRET_BEARER };
    return true;
}

/* Whether `-----BEGIN ... PRIVATE KEY-----` (or END) stands here; *end gets its end. */
static bool pem_mark_at(struct baton_str text, size_t at, const char *mark, size_t *end)
{
    enum { LABEL = 40 };
    static const char *const label_ends[] = { "PRIVATE KEY-----", "PRIVATE KEY BLOCK-----" };
    size_t length = strlen(mark);
    if (!has_at(text, at, mark, length)) {
        return false;
    }
    for (size_t i = at + length; i < text.length && i < at + length + LABEL; i++) {
        for (size_t k = 0; k < sizeof label_ends / sizeof *label_ends; k++) {
            if (has_at(text, i, label_ends[k], strlen(label_ends[k]))) {
                *end = i + strlen(label_ends[k]);
                return true;
            }
        }
        if (text.data[i] != ' ' && (class_of(text.data[i]) & (UPPER | DIGIT)) == 0) {
            return false;
        }
    }
    return false;
}

/* Past white space and line breaks, also those that a string has escaped. */
static size_t skip_breaks(struct baton_str text, size_t at)
{
    while (at < text.length) {
        if (memchr(" \t\r\n", text.data[at], 4) != NULL) {
            at++;
        } else if (text.data[at] == '\\' && at + 1 < text.length && memchr("\\nrt", text.data[at + 1], 4) != NULL) {
            at += text.data[at + 1] == '\\' ? 1 : 2;
        } else {
            return at;
        }
    }
    return at;
}

/* The end of a line `Proc-Type: 4,ENCRYPTED` or the like, which may stand before the body; or `at`. */
static size_t pem_header_end(struct baton_str text, size_t at)
{
    enum { HEADER_LINE = 256 };
    size_t limit = text.length - at < HEADER_LINE ? text.length : at + HEADER_LINE;
    size_t end = run_end(text, at, ALNUM | DASH, HEADER_LINE);
    if (end == limit || text.data[end] != ':') {
        return at;
    }
    while (end < limit && text.data[end] != '\n' && text.data[end] != '\\') {
        end++;
    }
    return end;
}

/* A private key: to its END, or as far as lines of base64 go. */
static bool pem_at(struct baton_str text, size_t at, struct baton_secret *out)
{
    enum { LINE = 16 };
    size_t end, mark;
    if (!pem_mark_at(text, at, "-----BEGIN ", &end)) {
        return false;
    }
    bool has_line = false;
    for (size_t i = skip_breaks(text, end); i < text.length; i = skip_breaks(text, i)) {
        if (pem_mark_at(text, i, "-----END ", &mark)) {
            end = mark;
            break;
        }
        size_t header_end = pem_header_end(text, i);
        if (header_end > i) {
            i = header_end;
            continue;
        }
        size_t run = run_end(text, i, ALNUM | BASE64, SIZE_MAX);
        bool is_last = run - i < LINE;
        bool ends = pem_mark_at(text, skip_breaks(text, run), "-----END ", &mark);
        if (run == i || (is_last && !has_line && !ends)) {
            break;
        }
        has_line = true;
        end = run;
        i = run;
        if (is_last && !ends) {
            break;
        }
    }
    *out = (struct baton_secret){ at, end, BATON_SECRET_PRIVATE_KEY };
    return true;
}

/* ---- home folders ---- */

enum { NAME_BYTES_MAX = 64 };

static bool is_name_byte(char c)
{
    return (class_of(c) & (WORD | DOT)) != 0 || c == '@' || c == '+' || (unsigned char)c >= 0x80;
}

/* The name that starts here, as a secret. Where the path goes on after it, anything is a name; at the end of the path a
 * word with a dot in it is rather a file. Windows' names may hold blanks. */
static bool name_at(struct baton_str text, size_t start, char slash, struct baton_secret *out)
{
    size_t end = start, word = start, letters = 0, dots = 0;
    for (; end < text.length && end - start <= NAME_BYTES_MAX; end++) {
        if (!is_name_byte(text.data[end]) && !(slash == '\\' && text.data[end] == ' ')) {
            break;
        }
        word += word == end && text.data[end] != ' ';
    }
    bool goes_on = end < text.length && text.data[end] == slash;
    end = goes_on ? end : word;
    while (!goes_on && end > start && text.data[end - 1] == '.') { /* of a sentence */
        end--;
    }
    for (size_t i = start; i < end; i++) {
        letters += (class_of(text.data[i]) & (DIGIT | DOT | DASH | UNDERSCORE)) == 0;
        dots += text.data[i] == '.';
    }
    bool stops = end == text.length || text.data[end] == '.' ||
                 (!is_name_byte(text.data[end]) && strchr("/?#=*{$%", text.data[end]) == NULL);
    *out = (struct baton_secret){ start, end, BATON_SECRET_HOME_PATH };
    return letters > 0 && end - start <= NAME_BYTES_MAX && (goes_on || (stops && dots == 0)) &&
           !holds_placeholder(text, start, end);
}

/* /home/NAME and /Users/NAME, also C:/Users/NAME and /c/Users/NAME; no part of a longer path or of a URL. */
static bool unix_home_at(struct baton_str text, size_t at, struct baton_secret *out)
{
    bool is_users = has_at(text, at, "/Users/", 7);
    if (!is_users && !has_at(text, at, "/home/", 6)) {
        return false;
    }
    bool after_drive =
        is_users && at >= 2 && (class_of(text.data[at - 1]) & (UPPER | LOWER)) != 0 && text.data[at - 2] == '/';
    bool starts_path = begins_word(text, at) && (at == 0 || strchr(".~)]}", text.data[at - 1]) == NULL);
    return (after_drive || starts_path) && name_at(text, at + (is_users ? 7 : 6), '/', out);
}

/* C:\Users\NAME with its backslashes single, or doubled once or twice as JSON does. */
static bool windows_home_at(struct baton_str text, size_t at, struct baton_secret *out)
{
    enum { SLASHES = 4 };
    size_t count = 0;
    while (count <= SLASHES && at + count < text.length && text.data[at + count] == '\\') {
        count++;
    }
    size_t users = at + count, name = users + 5 + count;
    if (at == 0 || text.data[at - 1] != ':' || count > SLASHES || name >= text.length ||
        !has_at(text, users, "Users", 5)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (text.data[users + 5 + i] != '\\') {
            return false;
        }
    }
    return name_at(text, name, '\\', out);
}

/* ---- the walk ---- */

static bool secret_at(struct baton_str text, size_t at, struct baton_secret *out)
{
    switch (text.data[at]) {
    case '-':
        return pem_at(text, at, out);
    case '/':
        return unix_home_at(text, at, out);
    case '\\':
        return windows_home_at(text, at, out);
    case 's':
    case 'g':
    case 'x':
    case 'p':
    case 'r':
    case 'A':
    case 'y':
    case 'h':
    case 'n':
    case 'o':
    case 'u':
        return begins_word(text, at) && shape_at(text, at, out);
    case 'e':
        return begins_word(text, at) && jwt_at(text, at, out);
    case 'b':
    case 'B':
        return begins_word(text, at) && bearer_at(text, at, out);
    default:
        return false;
    }
}

static void shape_next(struct baton_secret_search *search)
{
    struct baton_str text = search->known.text;
    search->has_shape = false;
    while (search->at < text.length && !search->has_shape) {
        search->has_shape = secret_at(text, search->at, &search->shape);
        search->at = search->has_shape ? search->shape.end : search->at + 1;
    }
}

static void value_next(struct baton_secret_search *search)
{
    search->value.kind = BATON_SECRET_VALUE;
    search->has_value = baton_known_search_next(&search->known, &search->value.start, &search->value.end);
}

struct baton_secret_search baton_secret_search_in(const struct baton_known_values *values, struct baton_str text)
{
    struct baton_secret_search search = { .known = baton_known_search_in(values, text) };
    shape_next(&search);
    value_next(&search);
    return search;
}

bool baton_secret_search_next(struct baton_secret_search *search, struct baton_secret *out)
{
    bool found = false;
    for (;;) {
        bool shape_fits = search->has_shape && (!found || search->shape.start < out->end);
        bool value_fits = search->has_value && (!found || search->value.start < out->end);
        bool takes_shape = shape_fits && (!value_fits || search->shape.start <= search->value.start);
        if (!shape_fits && !value_fits) {
            return found;
        }
        const struct baton_secret *next = takes_shape ? &search->shape : &search->value;
        if (!found) {
            *out = *next;
        } else {
            out->start = next->start < out->start ? next->start : out->start;
            out->end = next->end > out->end ? next->end : out->end;
            out->kind = takes_shape ? out->kind : BATON_SECRET_VALUE; /* what is known says most */
        }
        found = true;
        if (takes_shape) {
            shape_next(search);
        } else {
            value_next(search);
        }
    }
}

const char *baton_secret_kind_text(enum baton_secret_kind kind)
{
#define BATON_SECRET_TEXT(name, text) text,
    static const char *const texts[] = { BATON_SECRET_LIST(BATON_SECRET_TEXT) };
#undef BATON_SECRET_TEXT
    return texts[kind];
}
