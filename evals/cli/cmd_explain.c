/* cmd_explain.c - `baton explain`: one conversation, hop by hop: who was asked, what was offered, what was chosen, and how
 * that was judged. From a suite it is played again; from results it is what their line holds. */
#include "evals/cli/find_case.h"
#include "evals/cli/verbs.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { TEXT_SHOWN = 160, RESULTS_BYTES_MAX = 1024 * 1024 * 1024 };

struct explain_args {
    struct baton_session_args session;
};

static const struct baton_switch switches[] = {
    BATON_SESSION_SWITCHES(explain_args, session),
};

/* ---- played again ---- */

/* A text as a piece of a line: cut where it is long, and without what a terminal would obey. */
static void print_piece(struct baton_str text)
{
    size_t shown = text.length < TEXT_SHOWN ? text.length : TEXT_SHOWN;
    while (shown < text.length && shown > 0 && ((unsigned char)text.data[shown] & 0xc0U) == 0x80U) {
        shown--;
    }
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text.data[i];
        putchar(c < 0x20 || c == 0x7f ? ' ' : c);
    }
    fputs(shown < text.length ? "..." : "", stdout);
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
        printf("%s%.*s%s", i == 0 ? "" : ", ", (int)name.length, name.data,
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
        printf("handoff to %.*s", (int)to.length, to.data);
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
    printf("    turn %u  %.*s", number, (int)name.length, name.data);
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
        printf("%s%.*s", i == 0 ? "" : " or ", (int)label->expected[i].length, label->expected[i].data);
    }
    printf("%s: %s\n", label->expected_count == 0 ? "things other than a final agent" : "",
           !label->is_judged   ? "not judged, as the provider failed"
           : label->is_correct ? "as expected"
                               : "NOT AS EXPECTED");
    for (uint32_t i = 0; i < label->failed_count; i++) {
        printf("      %s\n", label->failed[i]);
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
        printf("      held     %.*s: ", (int)node->key.length, node->key.data);
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
    printf("    ended %s with %.*s: %u turns, depth %u", row->status, (int)row->final.length, row->final.data,
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
        printf("    DIVERGED at turn %u: the recording goes on with %.*s, but %.*s was asked\n",
               exchange->divergence.turn + 1, (int)recorded.length, recorded.data, (int)asked.length, asked.data);
    }
    print_label(&row->label);
    print_held(user->expect, &row->label);
}

static enum baton_status explain_played(struct baton_session *session, const char *id, struct baton_error *err)
{
    struct baton_conversation conversation;
    struct baton_tally tally = { 0 };
    struct baton_evaluator evaluator = { 0 };
    struct baton_result result;
    struct baton_exchange **records;
    enum baton_status status = baton_find_case(&conversation, session, baton_str_of(id), err);
    status =
        status == BATON_OK ? baton_evaluator_init(&evaluator, session->arena, &session->play, &tally, err) : status;
    status = status == BATON_OK ? baton_evaluate(&evaluator, &result, &records, session->arena, &conversation, 0, err)
                                : status;
    if (status == BATON_OK) {
        printf("%.*s: %s\n", (int)result.id.length, result.id.data, result.status);
        uint32_t user = baton_conversation_next_user(&conversation, 0);
        for (uint32_t i = 0; i < result.exchange_count; i++) {
            print_exchange(session->agents, records[i], &result.exchanges[i], &conversation.messages[user], i + 1);
            user = baton_conversation_next_user(&conversation, user + 1);
        }
        if (result.whole.is_labelled) {
            puts("  the conversation as a whole");
            print_label(&result.whole);
            print_held(conversation.expect, &result.whole);
        }
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
        printf("%s%.*s", node == list->child ? "" : between, (int)node->text.length, node->text.data);
    }
    putchar('\n');
}

static void print_row(const struct baton_json *row)
{
    struct baton_str id = text_of(row, "id"), status = text_of(row, "status");
    const struct baton_json *list = baton_json_get(row, "exchanges");
    unsigned number = 1;
    printf("%.*s: %.*s\n", (int)id.length, id.data, (int)status.length, status.data);
    for (const struct baton_json *node = list == NULL ? NULL : list->child; node != NULL; node = node->next, number++) {
        struct baton_str start = text_of(node, "start"), ended = text_of(node, "status"),
                         turns = text_of(node, "turns");
        printf("  exchange %u  %.*s", number, (int)start.length, start.data);
        const struct baton_json *route = baton_json_get(node, "route");
        for (const struct baton_json *hop = route == NULL ? NULL : route->child; hop != NULL; hop = hop->next) {
            printf(" > %.*s", (int)hop->text.length, hop->text.data);
        }
        printf("  %.*s after %.*s turns\n", (int)ended.length, ended.data, (int)turns.length, turns.data);
        print_list("    expected ", baton_json_get(node, "expected"), " or ");
        print_list("    failed   ", baton_json_get(node, "failed"), "; ");
    }
    const struct baton_json *whole = baton_json_get(row, "whole");
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

static enum baton_status explain_run(const struct baton_verb *verb, int argc, char **argv, int *exit_code,
                                     struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new((size_t)4 * RESULTS_BYTES_MAX);
    struct explain_args args = { .session = baton_session_args_unset() };
    struct baton_session session = { 0 };
    struct baton_arg_list plain;
    bool is_done = false;
    enum baton_status status = baton_args_begin(verb, argc, argv, arena, &args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        const char *id = plain.items[plain.count - 1];
        const char *results = plain.count > 1 ? results_of(arena, plain.items[0]) : NULL;
        if (results != NULL) {
            status = explain_row(arena, results, id, err);
        } else {
            const struct baton_session_world world = baton_world_outside();
            status = baton_session_open(&session, plain.count > 1 ? plain.items[0] : NULL, &args.session, &world, err);
            status = status == BATON_OK ? explain_played(&session, id, err) : status;
            baton_session_clear(&session);
        }
    }
    *exit_code = 0;
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
        "A suite is played again, with all there is to tell; a folder of results or a results.jsonl gives what its line holds.",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 1,
    .most = 2,
    .run = explain_run,
};
