#include "evals/tests/play.h"

#include "engine/base/yaml.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MEMORY_MAX = 256 * 1024 * 1024 };

static const char usual_agents[] = "version: 1\n"
                                   "entry: triage\n"
                                   "agents:\n"
                                   "  triage: { handoffs: [billing, tech], tools: [lookup], model: small }\n"
                                   "  billing: { handoffs: [tech, triage], tools: [lookup], model: large }\n"
                                   "  tech: { handoffs: [triage], tools: [lookup], model: large }\n"
                                   "tools:\n"
                                   "  lookup: { result: found }\n";

void play_open(struct play *play, const char *agents_yaml)
{
    *play = (struct play){ .lasting = baton_arena_new(MEMORY_MAX), .arena = baton_arena_new(MEMORY_MAX) };
    const char *text = agents_yaml == NULL ? usual_agents : agents_yaml;
    struct baton_source source = { .name = "agents.yaml", .line_first = 1, .text = baton_str_of(text) };
    const struct baton_json *root = NULL;
    struct baton_error err = { .text = "" };
    enum baton_status status = baton_yaml_parse(&root, play->lasting, &source, &err);
    status = status == BATON_OK ? baton_agents_parse(&play->agents, play->lasting, &source, root, NULL, &err) : status;
    cr_assert_eq(status, BATON_OK, "%u: %s", err.line, err.text);
    play->how = (struct baton_play){ .agents = play->agents,
                                     .repeat_count = 1,
                                     .limits = play->agents->limits,
                                     .loops_stop = play->agents->loops_stop,
                                     .on_handoff_stop = play->agents->on_handoff_stop };
    cr_assert_eq(baton_evaluator_init(&play->evaluator, play->lasting, &play->how, &play->tally, &err), BATON_OK);
}

void play_close(struct play *play)
{
    baton_model_free(play->model);
    baton_tally_clear(&play->tally);
    baton_arena_free(play->arena);
    baton_arena_free(play->lasting);
}

void play_model(struct play *play, const char *name)
{
    struct baton_error err = { .text = "" };
    baton_model_free(play->model);
    cr_assert_eq(baton_model_load(&play->model, play->lasting, play->agents, name, NULL, &err), BATON_OK, "%s",
                 err.text);
    play->how.sources = (struct baton_sources){ .kind = BATON_SOURCE_MODEL, .model = play->model };
}

static void write_row(struct play *play)
{
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    baton_result_write(&text, &play->result);
    cr_assert(!text.failed);
    play->row = baton_arena_copy(play->arena, text.data, text.length);
    baton_text_clear(&text);
}

void play_case(struct play *play, const char *json, uint32_t repeat)
{
    baton_arena_reset(play->arena);
    struct baton_source source = { .name = "cases.jsonl",
                                   .line_first = 1,
                                   .text = { baton_arena_copy(play->arena, json, strlen(json)), strlen(json) } };
    const struct baton_json *root = NULL;
    struct baton_error err;
    play->row = "";
    play->message[0] = '\0';
    play->result = (struct baton_result){ 0 };
    play->status = baton_json_parse(&root, play->arena, &source, &err);
    if (play->status == BATON_OK) {
        play->status = baton_conversation_read(&play->conversation, play->arena, play->agents, &source, root,
                                               BATON_STR("case"), &err);
    }
    if (play->status == BATON_OK) {
        play->status = baton_evaluate(&play->evaluator, &play->result, &play->records, play->arena, &play->conversation,
                                      repeat, &err);
    }
    if (play->status == BATON_OK) {
        write_row(play);
    } else {
        baton_error_format(&err, play->message, sizeof play->message);
    }
}

const char *play_outcome(struct play *play, uint32_t exchange)
{
    cr_assert_lt(exchange, play->result.exchange_count, "%s", play->message);
    const struct baton_result_exchange *row = &play->result.exchanges[exchange];
    const char *told = baton_arena_printf(play->arena, "%s %.*s %.*s", row->status, (int)row->final.length,
                                          row->final.data, (int)row->start.length, row->start.data);
    for (uint32_t i = 0; i < row->route_count; i++) {
        told = baton_arena_printf(play->arena, "%s>%.*s", told, (int)row->route[i].length, row->route[i].data);
    }
    return baton_arena_printf(play->arena, "%s turns %u", told, row->turns);
}

const char *play_failed(struct play *play, uint32_t exchange)
{
    const struct baton_result_label *label =
        exchange == BATON_NONE ? &play->result.whole : &play->result.exchanges[exchange].label;
    const char *told = "";
    for (uint32_t i = 0; i < label->failed_count; i++) {
        told = baton_arena_printf(play->arena, "%s%s%s", told, i == 0 ? "" : "; ", label->failed[i]);
    }
    return told;
}
