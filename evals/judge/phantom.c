#include "evals/judge/phantom.h"

#include <stdio.h>
#include <string.h>

#define APOSTROPHE "['\xe2\x80\x99]"
#define THING "(?:you|this|your (?:call|case|request|question|issue|ticket|chat|conversation))"
#define WAY "\\s+(?:over|off|to|along|on|back)\\b"

/* I'll transfer you to ..., let me hand this over ..., I am going to put you through ... */
static const char promise[] =
    "\\b(?:I" APOSTROPHE "?ll|I will|I" APOSTROPHE "m going to|I am going to|we" APOSTROPHE
    "ll|we will|let me|allow me to)"
    "(?:\\s+(?:now|just|go ahead and|gladly|happily|quickly|immediately|then|also|therefore))?\\s+"
    "(?:(?:transfer|connect|route|escalate|refer)\\s+" THING
    "(?=\\s+(?:now|over|back|straight|directly|right|to|with|through)\\b|\\s*(?:[.!,;:]|$))"
    "|(?:hand|pass)\\s+" THING WAY "|put\\s+you\\s+(?:through|in touch|in contact))";

/* Transferring you now, I'm connecting you with ... */
static const char progress[] =
    "(?:^\\s*|\\b(?:I" APOSTROPHE "m|I am|we" APOSTROPHE "re|we are)\\s+(?:now\\s+)?)"
    "(?:(?:transferring|connecting|routing|escalating)\\s+" THING "|(?:handing|passing)\\s+" THING WAY
    "|putting\\s+you\\s+(?:through|in touch|in contact))";

/* You are being transferred to ..., you will be connected with ... */
static const char passive[] =
    "\\byou(?:" APOSTROPHE "re| are| will be|" APOSTROPHE "ll be)\\s+(?:(?:now|being|shortly)\\s+)*"
    "(?:transferred|handed over|connected)\\s+(?:over\\s+|back\\s+)?(?:to|with|now|shortly)\\b";

/* A sentence with one of these promises nothing. */
static const char guard[] =
    "\\b(?:if|unless|until|once|when|whether|after|before|cannot|not|never|would you like|do you want)\\b";

static enum baton_status compile(struct baton_pattern **out, struct baton_str text, struct baton_error *err)
{
    char whole[2048];
    int bytes = snprintf(whole, sizeof whole, "(?i)%.*s", BATON_STR_ARGS(text));
    if (bytes < 0 || (size_t)bytes >= sizeof whole) {
        return baton_error_set(err, BATON_EINPUT, "a phantom pattern of over 2000 bytes");
    }
    return baton_pattern_compile_lasting(out, (struct baton_str){ whole, (size_t)bytes }, err);
}

static enum baton_status compile_own(struct baton_phantoms *out, struct baton_error *err)
{
    const struct {
        struct baton_pattern **pattern;
        struct baton_str text;
    } own[] = {
        { &out->patterns[0], BATON_STR_INIT(promise) },
        { &out->patterns[1], BATON_STR_INIT(progress) },
        { &out->passive, BATON_STR_INIT(passive) },
        { &out->guard, BATON_STR_INIT(guard) },
    };
    enum baton_status status = BATON_OK;
    out->count = 2;
    for (size_t i = 0; i < sizeof own / sizeof *own && status == BATON_OK; i++) {
        status = compile(own[i].pattern, own[i].text, err);
    }
    return status;
}

enum baton_status baton_phantoms_init(struct baton_phantoms *out, const struct baton_json *patterns,
                                      struct baton_error *err)
{
    *out = (struct baton_phantoms){ 0 };
    if (patterns == NULL) {
        return compile_own(out, err);
    }
    enum baton_status status = BATON_OK;
    for (const struct baton_json *node = patterns->child; node != NULL && status == BATON_OK; node = node->next) {
        if (out->count == BATON_PHANTOM_PATTERNS_MAX) {
            return baton_error_set(err, BATON_EINPUT, "more than %d phantom patterns", BATON_PHANTOM_PATTERNS_MAX);
        }
        status = compile(&out->patterns[out->count++], node->text, err);
    }
    return status;
}

void baton_phantoms_clear(struct baton_phantoms *phantoms)
{
    for (uint32_t i = 0; i < phantoms->count; i++) {
        baton_pattern_free(phantoms->patterns[i]);
    }
    baton_pattern_free(phantoms->passive);
    baton_pattern_free(phantoms->guard);
    *phantoms = (struct baton_phantoms){ 0 };
}

/* ---- looking ---- */

static bool matches(struct baton_pattern *pattern, struct baton_str sentence)
{
    return pattern != NULL && baton_pattern_match(pattern, sentence) == BATON_MATCH_YES;
}

/* Most sentences hold none of these, and need no pattern to say so. */
static bool may_say(struct baton_str sentence)
{
    static const char *const stems[] = { "transfer", "connect", "rout", "escalat", "refer", "hand", "pass", "put" };
    for (size_t at = 0; at < sentence.length; at++) {
        for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
            size_t length = strlen(stems[i]);
            if ((sentence.data[at] | 0x20) == stems[i][0] && sentence.length - at >= length &&
                baton_str_is_caseless((struct baton_str){ sentence.data + at, length }, stems[i])) {
                return true;
            }
        }
    }
    return false;
}

static bool sentence_says(const struct baton_phantoms *phantoms, struct baton_str sentence, bool has_moved)
{
    bool is_question = sentence.length > 0 && sentence.data[sentence.length - 1] == '?';
    if (phantoms->guard != NULL && (is_question || !may_say(sentence))) {
        return false;
    }
    bool says = !has_moved && matches(phantoms->passive, sentence);
    for (uint32_t i = 0; i < phantoms->count && !says; i++) {
        says = matches(phantoms->patterns[i], sentence);
    }
    return says && !matches(phantoms->guard, sentence);
}

/* The length of the sentence at the start, with the mark that ends it. */
static size_t sentence_length(struct baton_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool is_last = i + 1 == text.length;
        if (c == '\n' ||
            ((c == '.' || c == '!' || c == '?') && (is_last || strchr(" \n\t\"')", text.data[i + 1]) != NULL))) {
            return i + 1;
        }
    }
    return text.length;
}

static bool says(const struct baton_phantoms *phantoms, struct baton_str text, bool has_moved)
{
    while (text.length > 0) {
        size_t length = sentence_length(text);
        struct baton_str sentence = { text.data, length };
        if (sentence_says(phantoms, baton_str_cut(sentence, BATON_PHANTOM_SENTENCE_BYTES), has_moved)) {
            return true;
        }
        text = baton_str_after(text, length);
    }
    return false;
}

struct baton_phantom_counts baton_phantoms_count(const struct baton_phantoms *phantoms,
                                                 struct baton_exchange *const *exchanges, uint32_t count)
{
    struct baton_phantom_counts counts = { 0 };
    for (uint32_t i = 0; phantoms->count > 0 && i < count; i++) { /* none: turned off */
        const struct baton_exchange *exchange = exchanges[i];
        const struct baton_turn *last = exchange->turn_count == 0 ? NULL : &exchange->turns[exchange->turn_count - 1];
        if (last == NULL || exchange->status != BATON_RUN_ANSWERED || last->choice != BATON_CHOICE_ANSWER) {
            continue;
        }
        counts.checked++;
        counts.handoffs += says(phantoms, last->text, exchange->depth > 0);
    }
    return counts;
}
