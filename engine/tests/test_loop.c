#include "engine/core/loop.h"

#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { AGENTS = 128, PATH_LENGTH_MAX = 48 };

static struct baton_loop_mark MARKS_MEMORY[AGENTS];
static struct baton_loop_marks MARKS;

/* Every byte of a detector's memory is in use before it is initialised, as on a hot path that takes it again. */
static void begin(struct baton_loop *loop, uint32_t repeats, uint32_t max_cycle)
{
    if (MARKS.of_agent == NULL) {
        baton_loop_marks_init(&MARKS, MARKS_MEMORY, AGENTS);
    }
    memset(loop, 0x5a, sizeof *loop);
    baton_loop_init(loop, &MARKS, &(struct baton_loop_options){ repeats, max_cycle });
}

/* One letter an agent; a digit in `progress` for each, or the last one for the rest. */
static void walk(struct baton_loop *loop, const char *path, const char *progress)
{
    size_t last = strlen(progress) - 1;
    for (size_t i = 0; path[i] != '\0'; i++) {
        baton_loop_note(loop, (uint32_t)path[i], (uint32_t)progress[i < last ? i : last]);
    }
}

Test(loop, finds_the_worked_cycles)
{
    static const struct row {
        const char *name, *path;
        uint32_t repeats, max_cycle;
        struct baton_loop_cycle want;
    } rows[] = {
        { "triage, sales and billing to and fro", "tsbsbsbsb", 2, 4, { BATON_LOOP_PING_PONG, 2, 3, 4 } },
        { "triage, billing, billing", "tbb", 2, 4, { BATON_LOOP_SELF, 1, 2, 2 } },
        { "three in a circle", "tabcabc", 2, 4, { BATON_LOOP_CYCLE, 3, 4, 6 } },
        { "a bounce is no cycle", "tsbs", 2, 4, { 0 } },
        { "a straight line is no cycle", "abcdefgh", 2, 4, { 0 } },
        { "no path", "", 2, 4, { 0 } },
        { "the start alone", "t", 2, 4, { 0 } },
        { "the start may be part of it", "aa", 2, 4, { BATON_LOOP_SELF, 1, 1, 1 } },
        { "the whole path is one", "abab", 2, 4, { BATON_LOOP_PING_PONG, 2, 2, 3 } },
        { "four in a circle", "abcdabcd", 2, 4, { BATON_LOOP_CYCLE, 4, 4, 7 } },
        { "five are longer than looked for", "abcdeabcde", 2, 4, { 0 } },
        { "five, when asked for", "abcdeabcde", 2, 5, { BATON_LOOP_CYCLE, 5, 5, 9 } },
        { "a word with a repeat in it shows that first", "abbabb", 2, 4, { BATON_LOOP_SELF, 1, 2, 2 } },
        { "a word with a repeat in it, thrice", "abbabbabb", 3, 4, { BATON_LOOP_CYCLE, 3, 3, 8 } },
        { "twice is not thrice", "tsbsbx", 3, 4, { 0 } },
        { "thrice has its onset at the second", "tsbsbsb", 3, 4, { BATON_LOOP_PING_PONG, 2, 3, 6 } },
        { "the first is kept", "aabcbc", 2, 4, { BATON_LOOP_SELF, 1, 1, 1 } },
        { "two are longer than looked for", "abab", 2, 1, { 0 } },
        { "the longest limits", "abcdefghijklmnopabcdefghijklmnop", 2, 16, { BATON_LOOP_CYCLE, 16, 16, 31 } },
        { "eight times the same", "taaaaaaaa", 8, 16, { BATON_LOOP_SELF, 1, 2, 8 } },
        { "seven times is not eight", "taaaaaaab", 8, 16, { 0 } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_loop loop;
        begin(&loop, rows[i].repeats, rows[i].max_cycle);
        walk(&loop, rows[i].path, "0");
        cr_expect_eq(loop.cycle.kind, rows[i].want.kind, "%s: %s", rows[i].name, baton_loop_kind_name(loop.cycle.kind));
        cr_expect_eq(loop.cycle.k, rows[i].want.k, "%s: k %u", rows[i].name, loop.cycle.k);
        cr_expect_eq(loop.cycle.onset, rows[i].want.onset, "%s: onset %u", rows[i].name, loop.cycle.onset);
        cr_expect_eq(loop.cycle.detected, rows[i].want.detected, "%s: detected %u", rows[i].name, loop.cycle.detected);
        cr_expect_eq(loop.path_count, strlen(rows[i].path), "%s", rows[i].name);
    }
}

Test(loop, tells_a_cycle_at_each_handoff_while_it_lasts)
{
    static const char path[] = "tsbsbsbx";
    static const uint32_t want[] = { 0, 0, 0, 0, 2, 2, 2, 0 };
    struct baton_loop loop;
    begin(&loop, 2, 4);
    for (size_t i = 0; path[i] != '\0'; i++) {
        cr_expect_eq(baton_loop_note(&loop, (uint32_t)path[i], 0), want[i], "handoff %zu", i);
    }
}

Test(loop, tells_a_revisit_without_progress_from_a_legitimate_bounce)
{
    static const struct row {
        const char *name, *path, *progress;
        bool is_revisit;
        struct baton_loop_standstill want;
    } rows[] = {
        { "triage, sales, billing, sales, billing", "tsbsb", "0", true, { true, 3, 1 } },
        { "back to sales for nothing", "tsbs", "0", true, { true, 3, 1 } },
        { "back to sales with a user turn between", "tsbs", "0001", true, { 0 } },
        { "progress before the bounce does not help", "tsbs", "01", true, { true, 3, 1 } },
        { "to itself", "tbb", "0", true, { true, 2, 1 } },
        { "to itself with progress", "tbb", "001", true, { 0 } },
        { "progress once, then none", "tsbsbs", "000111", true, { true, 5, 3 } },
        { "the first is kept", "tsbsbs", "0", true, { true, 3, 1 } },
        { "the first with the same progress counts", "aaaa", "0112", true, { true, 2, 1 } },
        { "a straight line", "abcdef", "0", false, { 0 } },
        { "the start alone", "a", "0", false, { 0 } },
        { "back to the start", "aba", "0", true, { true, 2, 0 } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_loop loop;
        begin(&loop, 2, 4);
        walk(&loop, rows[i].path, rows[i].progress);
        cr_expect_eq(loop.is_revisit, rows[i].is_revisit, "%s", rows[i].name);
        cr_expect_eq(loop.standstill.is_found, rows[i].want.is_found, "%s", rows[i].name);
        cr_expect_eq(loop.standstill.onset, rows[i].want.onset, "%s: %u", rows[i].name, loop.standstill.onset);
        cr_expect_eq(loop.standstill.first_visit, rows[i].want.first_visit, "%s: %u", rows[i].name,
                     loop.standstill.first_visit);
    }
}

Test(loop, forgets_the_exchange_before)
{
    struct baton_loop loop;
    begin(&loop, 2, 4);
    walk(&loop, "abab", "0");
    begin(&loop, 2, 4);
    walk(&loop, "abc", "0");
    cr_expect(loop.cycle.kind == BATON_LOOP_NONE && !loop.is_revisit && !loop.standstill.is_found);
}

Test(loop, forgets_also_when_the_count_of_exchanges_starts_over)
{
    struct baton_loop_mark memory[4];
    struct baton_loop_marks marks;
    struct baton_loop loop;
    memset(memory, 0xff, sizeof memory);
    baton_loop_marks_init(&marks, memory, COUNT_OF(memory));
    struct baton_loop_options options = { 2, 4 };
    baton_loop_init(&loop, &marks, &options); /* epoch 1 marks agents 0 and 1 */
    baton_loop_note(&loop, 0, 0);
    baton_loop_note(&loop, 1, 0);
    marks.epoch = UINT32_MAX - 1;
    for (int exchange = 0; exchange < 3; exchange++) { /* epochs 2^32 - 1, 1, 2 */
        baton_loop_init(&loop, &marks, &options);
        baton_loop_note(&loop, 0, 0);
        baton_loop_note(&loop, 1, 0);
        cr_expect(!loop.is_revisit, "exchange %d", exchange);
        baton_loop_note(&loop, 0, 0);
        cr_expect(loop.is_revisit, "exchange %d", exchange);
    }
    cr_expect_eq(marks.epoch, 2);
}

/* A^(end - k * repeats .. end] is a word repeated, and the word is no power of a shorter one. */
static bool ends_in_cycle(const uint32_t *path, uint32_t count, uint32_t k, uint32_t repeats)
{
    if (k * repeats > count) {
        return false;
    }
    const uint32_t *word = path + count - k;
    for (uint32_t r = 1; r < repeats; r++) {
        if (memcmp(word, path + count - k * (r + 1), k * sizeof *path) != 0) {
            return false;
        }
    }
    for (uint32_t part = 1; part < k; part++) {
        bool is_power = k % part == 0;
        for (uint32_t i = part; i < k && is_power; i++) {
            is_power = word[i] == word[i - part];
        }
        if (is_power) {
            return false;
        }
    }
    return true;
}

/* The whole state by definition, from the path up to here alone. */
struct naive {
    uint32_t k; /* at the last agent */
    struct baton_loop_cycle cycle;
    struct baton_loop_standstill standstill;
    bool is_revisit;
};

static void naive_note(struct naive *naive, const uint32_t *path, const uint32_t *progress, uint32_t count,
                       const struct baton_loop_options *options)
{
    naive->k = 0;
    for (uint32_t k = options->max_cycle; k > 0; k--) {
        naive->k = ends_in_cycle(path, count, k, options->repeats) ? k : naive->k;
    }
    if (naive->k > 0 && naive->cycle.kind == BATON_LOOP_NONE) {
        uint32_t k = naive->k;
        enum baton_loop_kind kind = k > 2 ? BATON_LOOP_CYCLE : k > 1 ? BATON_LOOP_PING_PONG : BATON_LOOP_SELF;
        naive->cycle = (struct baton_loop_cycle){ kind, k, count - k * options->repeats + k, count - 1 };
    }
    for (uint32_t i = 0; i + 1 < count; i++) {
        naive->is_revisit |= path[i] == path[count - 1];
        if (path[i] == path[count - 1] && progress[i] == progress[count - 1] && !naive->standstill.is_found) {
            naive->standstill = (struct baton_loop_standstill){ true, count - 1, i };
        }
    }
}

static void expect_as_naive(const uint32_t *path, const uint32_t *progress, uint32_t count,
                            const struct baton_loop_options *options)
{
    struct naive naive = { 0 };
    struct baton_loop loop;
    begin(&loop, options->repeats, options->max_cycle);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = baton_loop_note(&loop, path[i], progress[i]);
        naive_note(&naive, path, progress, i + 1, options);
        cr_assert_eq(k, naive.k, "at %u: %u for %u", i, k, naive.k);
        cr_assert_eq(loop.is_revisit, naive.is_revisit, "at %u", i);
        cr_assert(loop.cycle.kind == naive.cycle.kind && loop.cycle.k == naive.cycle.k, "at %u", i);
        cr_assert(loop.cycle.onset == naive.cycle.onset && loop.cycle.detected == naive.cycle.detected, "at %u", i);
        cr_assert(loop.standstill.is_found == naive.standstill.is_found, "at %u", i);
        cr_assert(loop.standstill.onset == naive.standstill.onset, "at %u", i);
        cr_assert(loop.standstill.first_visit == naive.standstill.first_visit, "at %u", i);
    }
}

/* Paths of chance and, as chance seldom repeats itself, paths that copy an earlier stretch now and then. */
static uint32_t random_path(uint32_t *path, uint32_t *progress, uint32_t length_max, struct baton_prng *prng)
{
    uint32_t count = (uint32_t)baton_prng_below(prng, length_max + 1);
    uint32_t alphabet = 2 + (uint32_t)baton_prng_below(prng, 4);
    uint32_t copy_percent = (uint32_t)baton_prng_below(prng, 100);
    uint32_t period = 1;
    for (uint32_t i = 0; i < count; i++) {
        if (baton_prng_below(prng, 8) == 0) {
            period = 1 + (uint32_t)baton_prng_below(prng, 17);
        }
        bool is_copy = i >= period && baton_prng_below(prng, 100) < copy_percent;
        path[i] = is_copy ? path[i - period] : (uint32_t)baton_prng_below(prng, alphabet);
        progress[i] = (i > 0 ? progress[i - 1] : 0) + (baton_prng_below(prng, 3) == 0);
    }
    return count;
}

Test(loop, agrees_with_the_definition_on_100000_random_paths)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 41);
    for (int round = 0; round < 100000; round++) {
        uint32_t path[PATH_LENGTH_MAX];
        uint32_t progress[PATH_LENGTH_MAX];
        uint32_t count = random_path(path, progress, PATH_LENGTH_MAX, &prng);
        uint32_t repeats = BATON_LOOP_REPEATS_MIN +
                           (uint32_t)baton_prng_below(&prng, BATON_LOOP_REPEATS_MAX - BATON_LOOP_REPEATS_MIN + 1);
        uint32_t max_cycle = 1 + (uint32_t)baton_prng_below(&prng, BATON_LOOP_CYCLE_MAX);
        bool is_small = round % 2 == 0; /* the settings people use, as often as all others */
        struct baton_loop_options options = { is_small ? 2 + repeats % 2 : repeats,
                                              is_small ? 1 + max_cycle % 4 : max_cycle };
        expect_as_naive(path, progress, count, &options);
    }
}

Test(loop, agrees_with_the_definition_on_paths_longer_than_it_remembers)
{
    enum { LONG = BATON_LOOP_PATH_MAX * 3 };
    struct baton_prng prng;
    baton_prng_seed(&prng, 42);
    for (int round = 0; round < 60; round++) {
        uint32_t path[LONG];
        uint32_t progress[LONG];
        random_path(path, progress, 0, &prng);
        for (uint32_t i = 0; i < LONG; i++) {
            bool is_cycling = i % 200 > 60;
            path[i] = is_cycling ? path[i - 16] : (uint32_t)baton_prng_below(&prng, 5);
            progress[i] = i / 50;
        }
        expect_as_naive(path, progress, LONG, &(struct baton_loop_options){ 8, 16 });
        expect_as_naive(path, progress, LONG, &(struct baton_loop_options){ 2, 4 });
    }
}

Test(loop, kinds_have_names)
{
    static const char *const names[] = { "none", "self", "ping_pong", "cycle" };
    for (int kind = BATON_LOOP_NONE; kind <= BATON_LOOP_CYCLE; kind++) {
        cr_expect_str_eq(baton_loop_kind_name((enum baton_loop_kind)kind), names[kind]);
    }
}

Test(loop, cost_gives_the_worked_numbers)
{
    static const struct row {
        const char *name;
        struct baton_loop_turns turns;
        struct baton_loop_cost want;
    } rows[] = {
        { "10 turns, onset 3, detected 4", { 10, 3, 4 }, { 1, 7, 6 } },
        { "a self-loop is seen at once", { 10, 2, 2 }, { 0, 8, 8 } },
        { "seen in the last turn", { 5, 3, 4 }, { 1, 2, 1 } },
        { "the limit came first", { 4, 3, 6 }, { 1, 1, 0 } },
        { "the limit came before the onset", { 2, 3, 6 }, { 0, 0, 0 } },
        { "no turns", { 0, 0, 0 }, { 0, 0, 0 } },
        { "no limit", { UINT32_MAX, 3, 4 }, { 1, UINT32_MAX - 3, UINT32_MAX - 4 } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_loop_cost got = baton_loop_cost(&rows[i].turns);
        cr_expect_eq(got.wasted_with, rows[i].want.wasted_with, "%s", rows[i].name);
        cr_expect_eq(got.wasted_without, rows[i].want.wasted_without, "%s", rows[i].name);
        cr_expect_eq(got.saved, rows[i].want.saved, "%s", rows[i].name);
        cr_expect_eq(got.saved + got.wasted_with, got.wasted_without, "%s", rows[i].name);
    }
}
