#include "engine/base/suggest.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
    const char *name, *word, *candidates, *want; /* candidates parted by blanks */
} rows[] = {
    { "nothing near", "colour", "weight height", "" },
    { "one letter missing", "mdel", "name model", "; did you mean 'model'?" },
    { "one letter too many", "modell", "name model", "; did you mean 'model'?" },
    { "one letter else", "todel", "name model", "; did you mean 'model'?" },
    { "neighbours swapped", "mdoel", "name model", "; did you mean 'model'?" },
    { "case does not count", "MODEL", "model", "; did you mean 'model'?" },
    { "the nearest, not the first", "handofs", "handout handoffs", "; did you mean 'handoffs'?" },
    { "of equals the first", "cat", "bat hat", "; did you mean 'bat'?" },
    { "two of five is too far", "abcde", "abxye", "" },
    { "a third is near", "abcdef", "abcxyf", "; did you mean 'abcxyf'?" },
    { "short words need be one off at most", "id", "to", "" },
    { "a hyphen for an underline", "max_turns", "max-turns max-depth", "; did you mean 'max-turns'?" },
    { "no candidates", "x", "", "" },
    { "an empty word", "", "model", "" },
};

static void offer_all(struct baton_suggest *suggest, const char *candidates)
{
    while (*candidates != '\0') {
        size_t length = strcspn(candidates, " ");
        baton_suggest_offer(suggest, (struct baton_str){ candidates, length });
        candidates += length + (candidates[length] == ' ');
    }
}

Test(suggest, names_the_nearest)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baton_suggest suggest;
        char out[BATON_SUGGEST_TEXT_BYTES];
        baton_suggest_init(&suggest, baton_str_of(rows[i].word));
        offer_all(&suggest, rows[i].candidates);
        cr_expect_str_eq(baton_suggest_text(&suggest, out), rows[i].want, "%s: %s", rows[i].name, out);
    }
}

Test(suggest, passes_over_what_is_too_long)
{
    char word[200], out[BATON_SUGGEST_TEXT_BYTES];
    memset(word, 'w', sizeof word);
    struct baton_suggest suggest;
    baton_suggest_init(&suggest, (struct baton_str){ word, BATON_SUGGEST_LENGTH_MAX });
    baton_suggest_offer(&suggest, (struct baton_str){ word, BATON_SUGGEST_LENGTH_MAX + 1 });
    cr_expect_str_eq(baton_suggest_text(&suggest, out), "");
    baton_suggest_offer(&suggest, (struct baton_str){ word, BATON_SUGGEST_LENGTH_MAX });
    cr_expect_eq(strlen(baton_suggest_text(&suggest, out)), BATON_SUGGEST_LENGTH_MAX + strlen("; did you mean ''?"));
    baton_suggest_init(&suggest, (struct baton_str){ word, sizeof word });
    baton_suggest_offer(&suggest, BATON_STR("w"));
    cr_expect_str_eq(baton_suggest_text(&suggest, out), "");
}

Test(suggest, says_what_is_unknown_where_and_what_may_be_meant)
{
    static const struct row {
        unsigned number;
        const char *name;
    } known[] = { { 1, "model" }, { 2, "name" } };
    static const struct {
        const char *word, *more, *want;
    } texts[] = {
        { "modle", "", "unknown key 'modle'; did you mean 'model'?" },
        { "weight", " in an agent", "unknown key 'weight' in an agent" },
        { "nam", "; there are model, name", "unknown key 'nam'; there are model, name; did you mean 'name'?" },
        { NULL, "", "unknown key ''" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct baton_suggest suggest;
        char out[BATON_SUGGEST_UNKNOWN_BYTES];
        baton_suggest_init(&suggest, baton_str_of(texts[i].word));
        baton_suggest_offer_each(&suggest, &known[0].name, sizeof known / sizeof *known, sizeof *known);
        cr_expect_str_eq(baton_suggest_unknown(&suggest, "key", texts[i].more, out), texts[i].want, "%s", out);
    }
}
