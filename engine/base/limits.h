/* limits.h - how much of anything from outside is taken, in one list: files, texts, agents, conversations, commands.
 *
 * Each is checked where its thing is read, with an error that names it. Sizes of working buffers are no limits and stand where
 * they are used; those of the network are in engine/http/.
 */
#ifndef BATON_ENGINE_BASE_LIMITS_H
#define BATON_ENGINE_BASE_LIMITS_H

enum {
    /* files */
    BATON_FILE_BYTES_MAX = 64 * 1024 * 1024, /* a whole file: agents, suite, conversation, result summary */
    BATON_LINE_BYTES_MAX = 16 * 1024 * 1024, /* one line of a JSONL file */
    BATON_JSON_DEPTH_MAX = 64,      /* arrays and objects within one another; bounds every recursion over a tree */
    BATON_JSON_KEYS_MAX = 4096,     /* of one object */
    BATON_YAML_NODES_MAX = 1000000, /* of one document, aliases spread out */
    BATON_YAML_ANCHORS_MAX = 1024,  /* of one document: an alias looks through all of them */

    /* patterns; a match over one of these is neither yes nor no */
    BATON_PATTERN_SUBJECT_MAX = 16 * 1024, /* bytes */
    BATON_PATTERN_STEPS_MAX = 10000,
    BATON_PATTERN_HEAP_KIB_MAX = 20000,

    /* JSON Schema */
    BATON_SCHEMA_DEPTH_MAX = 512,                     /* schemas within one another, references followed */
    BATON_SCHEMA_REFERENCES_MAX = 100000,             /* followed in one check */
    BATON_SCHEMA_PATTERN_BYTES_MAX = 4 * 1024 * 1024, /* working space to compile one pattern */

    /* agents */
    BATON_AGENTS_MAX = 1024,
    BATON_TOOLS_MAX = 4096,             /* of all agents of a file */
    BATON_TOOL_NAME_BYTES_MAX = 64,     /* what the provider APIs allow */
    BATON_TOOL_HEADERS_MAX = 32,        /* of one http tool */
    BATON_TOOL_HEADER_BYTES_MAX = 4096, /* the value of one */
    BATON_TOOL_URL_BYTES_MAX = 2048,
    BATON_ARGV_MAX = 64, /* words of one command */

    /* conversations */
    BATON_MESSAGES_MAX = 100000, /* in one conversation */
    BATON_CALLS_MAX = 256,       /* in one message */

    /* a run */
    BATON_TURNS_MAX = 10000, /* of an exchange with the agents that run as tools in it, also where max_turns is -1 */
    BATON_NESTING_MAX = 8,   /* agents as tools within one another */
    BATON_COMMAND_OUTPUT_BYTES_MAX = 1024 * 1024,
    BATON_TOOL_RESULT_BYTES_MAX = BATON_COMMAND_OUTPUT_BYTES_MAX,
    BATON_LOOP_REPEATS_MAX = 8, /* that the loop detector can be told to wait for */
    BATON_LOOP_CYCLE_MAX = 16   /* agents of the longest cycle that it looks for */
};

#endif
