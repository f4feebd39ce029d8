/* stage.h - where the tests of the run loop play: agents from a text, a scripted model, tools, and all that happened as
 * short texts to compare.
 *
 * The fixed setup is that of the conformance scenarios: triage (tools lookup_account, quick, boom; hands off to billing
 * and tech), billing (tool refund) and tech. In all short texts a double quote reads as a single one.
 *
 * Owns:     stage_open() takes memory, stage_close() gives it back; what the other functions return lives until then.
 * Threads:  one.
 */
#ifndef BATON_ENGINE_TESTS_STAGE_H
#define BATON_ENGINE_TESTS_STAGE_H

#include "engine/base/text.h"
#include "engine/core/run.h"
#include "engine/tests/script.h"

enum { STAGE_REQUESTS_MAX = 128, STAGE_EXCHANGES_MAX = 4, STAGE_EVENTS_MAX = 2048, STAGE_SAYS_MAX = 3 };

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* What a scenario's model does most often. */
#define TO_BILLING                    \
    {                                 \
        .name = "transfer_to_billing" \
    }
#define TO_TECH                    \
    {                              \
        .name = "transfer_to_tech" \
    }
#define TO_TRIAGE                    \
    {                                \
        .name = "transfer_to_triage" \
    }
#define LOOKUP                                                  \
    {                                                           \
        .name = "lookup_account", .arguments = "{\"id\":\"7\"}" \
    }
#define QUICK           \
    {                   \
        .name = "quick" \
    }
#define TRIAGE_TOOLS "tools: [lookup_account, quick, boom]"

struct stage_options {
    const char *yaml;                    /* a whole agents file; NULL: the fixed setup with the pieces below */
    const char *top;                     /* lines before `agents` */
    const char *triage, *billing, *tech; /* members of the agents besides their texts; NULL: the fixed ones */
    const char *tools;                   /* lines after the fixed tools */
    const char *file;                    /* name of the agents file; NULL: agents.yaml */
    const struct baton_profile *profile;
    struct script_reply replies[SCRIPT_REPLIES_MAX];
    bool repeats, streams;
    struct baton_hooks hooks; /* `user` is the stage; without `tool` those of the fixed setup run */
    struct baton_tool_runner *runner;
    bool is_quiet; /* notes nothing but events, so that it takes no memory */
};

struct stage_request {
    uint32_t agent, exchange, turn, nesting;
    const char *messages;     /* as FORMATS writes them */
    const char *seen;         /* the same in short */
    const char *offered;      /* names of the tools, in order */
    const char *instructions; /* what a context provider added */
    const char *tool_choice;
};

struct stage {
    struct stage_options options;
    struct script script;
    struct script_clock clock;
    struct baton_arena *life;  /* of the stage itself */
    struct baton_arena *arena; /* of the conversation */
    struct baton_agents *agents;
    struct baton_loop_marks marks;
    struct baton_run *run;
    struct baton_exchange *exchanges[STAGE_EXCHANGES_MAX];
    uint32_t exchange_count;
    struct baton_event *events;
    uint32_t event_count;
    struct stage_request requests[STAGE_REQUESTS_MAX];
    uint32_t request_count;
    struct baton_text log; /* who was asked and what ran, in order */
    enum baton_status status;
    struct baton_error err;
};

void stage_open(struct stage *stage, const struct stage_options *options);
void stage_close(struct stage *stage);

/* One exchange; NULL when the loop itself failed, see status and err. */
struct baton_exchange *stage_say(struct stage *stage, const char *text, bool starts_over);

/* Where the stage's events go, for a test that begins its own run. */
struct baton_event_sink stage_sink(struct stage *stage);

/* Adds a word to the log. */
void stage_note(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The tools of the fixed setup; false for all others. */
bool stage_tool(void *user, struct baton_tool_job *job, struct baton_arena *arena);

const char *stage_log(struct stage *stage);
const char *stage_seen(struct stage *stage, const struct baton_message *messages, uint32_t count);

/* `start text call:NAME result:NAME error:NAME handoff:a>b agent:b loop:kind warning:code failure:code end done:status`; a
 * + before each level of nesting; pieces of one text count once. */
const char *stage_events(struct stage *stage);

/* The events as they are printed, one a line. */
const char *stage_event_lines(struct stage *stage);

/* `status final 'text' a>b turns n tools n invalid n ignored n` of an exchange. */
const char *stage_outcome(struct stage *stage, const struct baton_exchange *exchange);

/* All exchanges with their turns, and the history. */
const char *stage_record(struct stage *stage);

/* Fails the test where the text is not as wanted; a * in what is wanted stands for anything. */
void expect_text(const char *name, const char *what, const char *got, const char *want);

enum stage_breach {
    STAGE_STRICT = 0,
    STAGE_LEAVES_CALLS_OPEN = 1, /* the profile at hand does not answer each call */
    STAGE_HIDES_RESULTS = 2,     /* nor tell of each result */
    STAGE_ORDERS_RESULTS = 4     /* nor answer in the order of the calls */
};

/* What holds after every conversation: each call is answered once and after it, roles are legal, events are whole. */
void stage_check(struct stage *stage, const char *name, unsigned breaches);

struct scenario {
    const char *name;
    struct stage_options stage;
    const char *says[STAGE_SAYS_MAX]; /* none: U */
    unsigned breaches;
    const char *log, *seen, *events, *outcome; /* seen: the last request; NULL: not looked at */
};

/* Plays it twice and twice streaming, and compares with what is wanted and with one another. */
void check_scenario(const struct scenario *scenario);

#endif
