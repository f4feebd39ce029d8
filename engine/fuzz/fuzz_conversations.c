/* Reads conversations, one a line, beside a fixed agents file, and replays those that load with a model that hands out
 * their assistant messages. What the run then writes as its record must be readable as a conversation again. */
#include "engine/base/yaml.h"
#include "engine/fuzz/watch.h"

#include <string.h>

enum { MEMORY_MAX = 64 * 1024 * 1024, EXCHANGES_MAX = 50 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char agents_text[] =
    "version: 1\n"
    "entry: triage\n"
    "agents:\n"
    "  triage: { tools: [search_docs, a], handoffs: [billing, { agent: tech_support, tool: transfer_to_tech }, sales] }\n"
    "  billing: { tools: [get_invoice, ask], handoffs: [{ agent: triage, history: no_tools }, sales] }\n"
    "  tech_support: { handoffs: [{ agent: billing, history: { last: 3 } }, tech_support] }\n"
    "  sales: { handoffs: [{ agent: sales_enterprise_renewals, history: last_user }] }\n"
    "  sales_enterprise_renewals: { handoffs: [{ agent: sales, input: { type: object, required: [reason] } }] }\n"
    "  front_desk: { handoffs: [hotel] }\n"
    "  hotel: { handoffs: [{ agent: front_desk, history: none }] }\n"
    "  airline: {}\n"
    "tools:\n"
    "  search_docs: { parameters: { type: object, properties: { query: { type: string } } }, result: found }\n"
    "  get_invoice: { result: invoice }\n"
    "  a: { result: '' }\n"
    "  ask: { agent: tech_support }\n";

struct replay {
    struct baton_provider provider;
    const struct baton_conversation *conversation;
    uint32_t next; /* message to hand out, or where the exchange ends */
};

static enum baton_status call(struct baton_provider *provider, const struct baton_request *request,
                              struct baton_reply *reply, struct baton_error *err)
{
    (void)err;
    struct replay *replay = (struct replay *)provider;
    const struct baton_conversation *conversation = replay->conversation;
    const struct baton_message *message = NULL;
    while (message == NULL && replay->next < conversation->message_count &&
           conversation->messages[replay->next].role != BATON_ROLE_USER) {
        message = &conversation->messages[replay->next++];
        message = message->role == BATON_ROLE_ASSISTANT ? message : NULL;
    }
    if (message == NULL) {
        reply->kind = BATON_REPLY_END;
        return BATON_OK;
    }
    if (message->agent != BATON_NONE && message->agent != request->agent) {
        reply->kind = BATON_REPLY_DIVERGED;
        reply->recorded_agent = message->agent;
        return BATON_OK;
    }
    reply->has_text = message->has_content;
    reply->text = message->content;
    reply->calls = message->calls;
    reply->call_count = message->call_count;
    reply->latency_ns = message->latency_ns;
    reply->ttft_ns = message->ttft_ns;
    reply->usage = message->usage;
    return BATON_OK;
}

static uint64_t passed_ns;

static uint64_t clock_now(struct baton_clock *clock)
{
    (void)clock;
    return passed_ns;
}

static void clock_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    (void)clock;
    passed_ns += duration_ns;
}

static const struct baton_agents *fixed_agents(void)
{
    static struct baton_agents *agents;
    static struct baton_arena *life; /* never freed, but never lost */
    if (agents == NULL) {
        static struct baton_source source = { .name = "agents.yaml", .text = { agents_text, sizeof agents_text - 1 } };
        life = baton_arena_new(MEMORY_MAX);
        const struct baton_json *root;
        struct baton_error err;
        watch_claim(baton_yaml_parse(&root, life, &source, &err) == BATON_OK);
        watch_claim(baton_agents_parse(&agents, life, &source, root, NULL, &err) == BATON_OK);
    }
    return agents;
}

static void read_again(const struct baton_run *run, struct baton_arena *arena, const struct baton_agents *agents)
{
    uint32_t count;
    const struct baton_message *messages = baton_run_history(run, &count);
    struct baton_text text = baton_text_with_limit((size_t)16 * 1024 * 1024);
    baton_text_puts(&text, "{\"messages\":");
    baton_messages_write(&text, messages, count, agents);
    baton_text_putc(&text, '}');
    struct baton_source source = { .name = "written", .text = baton_text_str(&text) };
    const struct baton_json *root;
    struct baton_conversation again;
    struct baton_error err;
    if (!text.failed && count > 0 && baton_json_parse(&root, arena, &source, &err) == BATON_OK) {
        enum baton_status status =
            baton_conversation_read(&again, arena, agents, &source, root, BATON_STR("again"), &err);
        watch_claim(status == BATON_OK || status == BATON_ELIMIT);
        watch_claim(status != BATON_OK || again.message_count == count);
    }
    baton_text_clear(&text);
}

static void replay_all(const struct baton_conversation *conversation, struct baton_arena *arena)
{
    const struct baton_agents *agents = fixed_agents();
    struct replay replay = { .provider = { .call = call }, .conversation = conversation };
    struct baton_clock clock = { .now_ns = clock_now, .sleep_ns = clock_sleep };
    struct watch watch = { .agents = agents, .arena = arena };
    struct baton_loop_mark of_agent[16];
    struct baton_loop_marks marks;
    watch_claim(agents->count <= sizeof of_agent / sizeof *of_agent);
    baton_loop_marks_init(&marks, of_agent, agents->count);
    passed_ns = 0;
    struct baton_run_options options = { .agents = agents,
                                         .provider = &replay.provider,
                                         .clock = &clock,
                                         .limits = agents->limits,
                                         .marks = &marks,
                                         .conversation_id = conversation->id,
                                         .entry = conversation->entry,
                                         .events = { .on_event = watch_event, .user = &watch } };
    struct baton_run *run;
    struct baton_error err;
    enum baton_status status = baton_run_new(&run, arena, &options, &err);
    for (uint32_t i = 0; i < EXCHANGES_MAX && status == BATON_OK; i++) {
        uint32_t user = baton_conversation_next_user(conversation, replay.next);
        if (user == conversation->message_count) {
            break;
        }
        const struct baton_message *message = &conversation->messages[user];
        struct baton_exchange *exchange;
        replay.next = user + 1;
        status = baton_run_exchange(run, message->content, message->starts_over, &exchange, &err);
        watch_claim(status != BATON_OK || watch.done_count == i + 1);
    }
    if (status == BATON_OK) {
        watch_record(&watch, run);
        read_again(run, arena, agents);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    unsigned line = 1;
    for (size_t at = 0; arena != NULL && at < size; line++) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - (data + at));
        char *text = baton_arena_alloc(arena, length == 0 ? 1 : length);
        if (text != NULL) {
            memcpy(text, data + at, length);
            struct baton_source source = { .name = "fuzz.jsonl", .line_first = line, .text = { text, length } };
            const struct baton_json *root;
            struct baton_conversation conversation;
            struct baton_error err;
            enum baton_status status = baton_json_parse(&root, arena, &source, &err);
            if (status == BATON_OK) {
                status = baton_conversation_read(&conversation, arena, fixed_agents(), &source, root, BATON_STR("line"),
                                                 &err);
            }
            if (status == BATON_OK) {
                replay_all(&conversation, arena);
            }
        }
        baton_arena_reset(arena);
        at += length + 1;
    }
    baton_arena_free(arena);
    return 0;
}
