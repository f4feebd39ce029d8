/* cmd_explain.c - `baton explain`: one conversation, hop by hop: who was asked, what was offered, what was chosen, and how
 * that was judged.
 *
 * From a suite it is played again, by the same evaluator as in a run, so that what is shown is what was judged; from
 * results it is what their line holds, for those who have no suite at hand.
 */
#include "evals/cli/find_case.h"
#include "evals/cli/print.h"
#include "evals/cli/verbs.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

enum { TEXT_SHOWN = 160, RESULTS_BYTES_MAX = 1024 * 1024 * 1024 };

struct explain_args {
    struct baton_session_args session;
};

#define FORM struct explain_args

static const struct baton_switch switches[] = {
    BATON_SESSION_SWITCHES(session),
};

/* ---- played again ---- */

/* A text as a piece of a line, cut where it is long. */
static void print_piece(struct baton_str text)
{
    struct baton_str shown = baton_str_cut(text, TEXT_SHOWN);
    baton_print(stdout, "%.*s%s", BATON_STR_ARGS(shown), shown.length < text.length ? "..." : "");
}

static void print_text(struct baton_str text)
{
    print_piece(text);
    putchar('\n');
}

static void print_offer(const struct baton_agents *agents, uint32_t index)
{
    const struct baton_agent *agent = &agents->list[index];
    fputs("      offered  ", stdout);
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        struct baton_str name = agents->list[agent->handoffs[i].target].name;
        baton_print(stdout, "%s%.*s%s", i == 0 ? "" : ", ", BATON_STR_ARGS(name),
                    agent->handoffs[i].is_enabled ? "" : " (disabled)");
    }
    puts(agent->handoff_count == 0 ? "no handoffs" : "");
}

static void print_choice(const struct baton_agents *agents, const struct baton_turn *turn)
{
    struct baton_str to = baton_agent_name(agents, turn->handoff_to);
    printf("      chose    ");
    switch (turn->choice) {
    case BATON_CHOICE_HANDOFF:
        baton_print(stdout, "handoff to %.*s", BATON_STR_ARGS(to));
        if (turn->reason.length > 0) {
            fputs(" (reason: ", stdout);
            print_piece(turn->reason);
            putchar(')');
        }
        putchar('\n');
        break;
    case BATON_CHOICE_REJECTED:
        print_piece(turn->wanted);
        fputs(", which was refused: ", stdout);
        print_text(turn->reason);
        break;
    case BATON_CHOICE_TOOLS:
        printf("%u tool call%s\n", turn->call_count, turn->call_count == 1 ? "" : "s");
        break;
    case BATON_CHOICE_ANSWER:
        fputs("to answer: ", stdout);
        print_text(turn->text);
        return;
    case BATON_CHOICE_NOTHING:
        puts("nothing");
        break;
    }
    if (turn->text.length > 0) {
        fputs("      said     ", stdout);
        print_text(turn->text);
    }
}

static void print_turn(const struct baton_agents *agents, const struct baton_turn *turn, uint32_t number)
{
    struct baton_str name = baton_agent_name(agents, turn->agent);
    baton_print(stdout, "    turn %u  %.*s", number, BATON_STR_ARGS(name));
    if (turn->is_timed) {
        printf("  %.0f ms", (double)(turn->end_ns - turn->start_ns) / 1e6);
    }
    if (turn->usage.is_known) {
        printf("  %" PRId64 " tokens in, %" PRId64 " out", turn->usage.input + turn->usage.cached, turn->usage.output);
    }
    putchar('\n');
    print_offer(agents, turn->agent);
    print_choice(agents, turn);
}

static void print_label(const struct baton_result_label *label)
{
    if (!label->is_labelled) {
        puts("    no label");
        return;
    }
    fputs("    expected ", stdout);
    for (uint32_t i = 0; i < label->expected_count; i++) {
        baton_print(stdout, "%s%.*s", i == 0 ? "" : " or ", BATON_STR_ARGS(label->expected[i]));
    }
    printf("%s: %s\n", label->expected_count == 0 ? "things other than a final agent" : "",
           !label->is_judged   ? "not judged, as the provider failed"
           : label->is_correct ? "as expected"
                               : "NOT AS EXPECTED");
    for (uint32_t i = 0; i < label->failed_count; i++) {
        baton_print_line(stdout, "      %s", label->failed[i]);
    }
}

/* Whether a field of a label is among what failed, as `final: expected ...`. */
static bool has_failed(const struct baton_result_label *label, struct baton_str field)
{
    bool failed = false;
    for (uint32_t i = 0; i < label->failed_count; i++) {
        const char *text = label->failed[i];
        size_t at = 0, seen = 0; /* notSays is said as not_says */
        while (at < field.length && text[seen] != '\0') {
            seen += text[seen] == '_' && field.data[at] != '_';
            if ((text[seen] | 0x20) != (field.data[at] | 0x20)) {
                break;
            }
            at++;
            seen++;
        }
        failed = failed || (at == field.length && text[seen] == ':');
    }
    return failed;
}

/* Every field of the label that holds; those that do not stand above with what was got. */
static void print_held(const struct baton_json *expect, const struct baton_result_label *label)
{
    for (const struct baton_json *node = expect == NULL ? NULL : expect->child; node != NULL && label->is_judged;
         node = node->next) {
        if (node->type == BATON_JSON_NULL || has_failed(label, node->key) || baton_str_is(node->key, "match")) {
            continue;
        }
        struct baton_text text = baton_text_with_limit(BATON_FILE_BYTES_MAX);
        baton_json_write(&text, node);
        baton_print(stdout, "      held     %.*s: ", BATON_STR_ARGS(node->key));
        print_text(baton_text_str(&text));
        baton_text_clear(&text);
    }
}

static void print_exchange(const struct baton_agents *agents, const struct baton_exchange *exchange,
                           const struct baton_result_exchange *row, const struct baton_message *user, uint32_t number)
{
    printf("  exchange %u  ", number);
    print_text(user->content);
    for (uint32_t i = 0; i < exchange->turn_count; i++) {
        print_turn(agents, &exchange->turns[i], i + 1);
    }
    baton_print(stdout, "    ended %s with %.*s: %u turns, depth %u", row->status, BATON_STR_ARGS(row->final),
                row->turns, exchange->depth);
    if (row->optimal != BATON_RESULT_UNKNOWN) {
        printf(" (shortest %" PRId64 ")", row->optimal);
    }
    if (row->loop.kind != NULL) {
        printf(", loop: %s from hop %u, detected at hop %u", row->loop.kind, row->loop.onset, row->loop.detected);
    } else if (row->is_revisit) {
        printf(", came back to an agent");
    }
    putchar('\n');
    if (exchange->divergence.happened) {
        struct baton_str recorded = baton_agent_name(agents, exchange->divergence.recorded);
        struct baton_str asked = baton_agent_name(agents, exchange->divergence.asked);
        baton_print_line(stdout, "    DIVERGED at turn %u: the recording goes on with %.*s, but %.*s was asked",
                         exchange->divergence.turn + 1, BATON_STR_ARGS(recorded), BATON_STR_ARGS(asked));
    }
    print_label(&row->label);
    print_held(user->expect, &row->label);
}

static void print_conversation(const struct baton_agents *agents, const struct baton_conversation *conversation,
                               const struct baton_result *result, struct baton_exchange *const *records)
{
    uint32_t user = baton_conversation_next_user(conversation, 0);
    baton_print_line(stdout, "%.*s: %s", BATON_STR_ARGS(result->id), result->status);
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        print_exchange(agents, records[i], &result->exchanges[i], &conversation->messages[user], i + 1);
        user = baton_conversation_next_user(conversation, user + 1);
    }
    if (result->whole.is_labelled) {
        puts("  the conversation as a whole");
        print_label(&result->whole);
        print_held(conversation->expect, &result->whole);
    }
}

static enum baton_status explain_played(struct baton_session *session, const char *id, struct baton_error *err)
{
    struct baton_conversation conversation;
    struct baton_tally tally = { 0 };
    struct baton_evaluator evaluator = { 0 };
    struct baton_result result;
    struct baton_exchange **records;
    enum baton_status status = baton_find_case(&conversation, session, baton_str_of(id), err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_evaluator_init(&evaluator, session->arena, &session->play, &tally, err);
    if (status == BATON_OK) {
        status = baton_evaluate(&evaluator, &result, &records, session->arena, &conversation, 0, err);
    }
    if (status == BATON_OK) {
        print_conversation(session->agents, &conversation, &result, records);
    }
    baton_evaluator_clear(&evaluator);
    baton_tally_clear(&tally);
    return status;
}

/* ---- from a line of results ---- */

static struct baton_str text_of(const struct baton_json *object, const char *key)
{
    const struct baton_json *node = baton_json_get(object, key);
    return node != NULL && (node->type == BATON_JSON_STRING || node->type == BATON_JSON_NUMBER) ? node->text
                                                                                                : BATON_STR("-");
}

static void print_list(const char *before, const struct baton_json *list, const char *between)
{
    if (list == NULL || list->type != BATON_JSON_ARRAY || list->count == 0) {
        return;
    }
    fputs(before, stdout);
    for (const struct baton_json *node = list->child; node != NULL; node = node->next) {
        baton_print(stdout, "%s%.*s", node == list->child ? "" : between, BATON_STR_ARGS(node->text));
    }
    putchar('\n');
}

static void print_row_exchange(const struct baton_json *exchange, unsigned number)
{
    struct baton_str start = text_of(exchange, "start"), ended = text_of(exchange, "status"),
                     turns = text_of(exchange, "turns");
    const struct baton_json *route = baton_json_get(exchange, "route");
    baton_print(stdout, "  exchange %u  %.*s", number, BATON_STR_ARGS(start));
    for (const struct baton_json *hop = route == NULL ? NULL : route->child; hop != NULL; hop = hop->next) {
        baton_print(stdout, " > %.*s", BATON_STR_ARGS(hop->text));
    }
    baton_print_line(stdout, "  %.*s after %.*s turns", BATON_STR_ARGS(ended), BATON_STR_ARGS(turns));
    print_list("    expected ", baton_json_get(exchange, "expected"), " or ");
    print_list("    failed   ", baton_json_get(exchange, "failed"), "; ");
}

static void print_row(const struct baton_json *row)
{
    struct baton_str id = text_of(row, "id"), status = text_of(row, "status");
    const struct baton_json *list = baton_json_get(row, "exchanges"), *whole = baton_json_get(row, "whole");
    unsigned number = 1;
    baton_print_line(stdout, "%.*s: %.*s", BATON_STR_ARGS(id), BATON_STR_ARGS(status));
    for (const struct baton_json *node = list == NULL ? NULL : list->child; node != NULL; node = node->next) {
        print_row_exchange(node, number++);
    }
    if (whole != NULL) {
        puts("  the conversation as a whole");
        print_list("    expected ", baton_json_get(whole, "expected"), " or ");
        print_list("    failed   ", baton_json_get(whole, "failed"), "; ");
    }
    puts("  (from the results; name the suite instead to see what each agent was offered)");
}

static enum baton_status explain_row(struct baton_arena *arena, const char *path, const char *id,
                                     struct baton_error *err)
{
    struct baton_source source;
    enum baton_status status = baton_source_load(&source, arena, path, RESULTS_BYTES_MAX, err);
    unsigned number = 0;
    for (size_t at = 0; status == BATON_OK && at < source.text.length;) {
        const char *start = source.text.data + at;
        const char *end = memchr(start, '\n', source.text.length - at);
        size_t length = end == NULL ? source.text.length - at : (size_t)(end - start);
        struct baton_source line = { .name = path, .line_first = ++number, .text = { start, length } };
        struct baton_arena_mark mark = baton_arena_mark(arena);
        const struct baton_json *row;
        status = baton_json_parse(&row, arena, &line, err);
        if (status == BATON_OK && row->type == BATON_JSON_OBJECT && baton_str_is(text_of(row, "id"), id)) {
            print_row(row);
            return BATON_OK;
        }
        baton_arena_rollback(arena, mark);
        at += length + 1;
    }
    return status == BATON_OK ? baton_error_set(err, BATON_EEMPTY, "no conversation '%s' in '%s'", id, path) : status;
}

/* ---- the verb ---- */

/* The results file behind a path, or NULL where it is a suite. */
static const char *results_of(struct baton_arena *arena, const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return baton_arena_printf(arena, "%s/results.jsonl", path);
    }
    return baton_path_ends(path, "jsonl") ? path : NULL;
}

static enum baton_status explain_suite(const struct baton_command_line *line, const struct explain_args *args,
                                       const char *suite_path, const char *id, struct baton_error *err)
{
    struct baton_session session;
    const struct baton_session_options options = { .suite_path = suite_path,
                                                   .args = &args->session,
                                                   .environment = line->environment };
    enum baton_status status = baton_session_open(&session, &options, err);
    if (status == BATON_OK) {
        status = explain_played(&session, id, err);
    }
    baton_session_clear(&session);
    return status;
}

static enum baton_status explain_run(const struct baton_command_line *line, int *exit_code, struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new((size_t)4 * RESULTS_BYTES_MAX);
    struct explain_args args = { .session = baton_session_args_unset() };
    struct baton_arg_list plain;
    bool is_done = false;
    *exit_code = 0;
    enum baton_status status = baton_args_begin(line, arena, &args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        const char *id = plain.items[plain.count - 1], *path = plain.count > 1 ? plain.items[0] : NULL;
        const char *results = path == NULL ? NULL : results_of(arena, path);
        status = results != NULL ? explain_row(arena, results, id, err) : explain_suite(line, &args, path, id, err);
    }
    baton_arena_free(arena);
    return status;
}

const struct baton_verb baton_verb_explain = {
    .name = "explain",
    .summary = "one conversation, hop by hop: asked, offered, chosen, judged",
    .usage = "SUITE|RESULTS ID",
    .examples = "  baton explain fixtures/suites/support.yaml misroute-double-charge\n"
                "  baton explain build/results misroute-double-charge",
    .more =
        "A suite is played again, with everything that happened; a folder of results or a results.jsonl gives what its line holds.",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 1,
    .most = 2,
    .run = explain_run,
};
