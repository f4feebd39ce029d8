/* limits.h - how much a cassette may hold, and how much memory reading, writing and comparing may take, in one list. Each is
 * checked where its thing is read or written, with an error that names it.
 */
#ifndef BATON_SIM_CASSETTE_LIMITS_H
#define BATON_SIM_CASSETTE_LIMITS_H

enum {
    /* cassettes */
    BATON_CASSETTE_FILES_MAX = 1000, /* of one suite */
    BATON_CASSETTE_HEADER_BYTES_MAX = 64 * 1024,
    BATON_CASSETTE_SCRATCH_BYTES_MAX =
        512 * 1024 * 1024,                     /* while a line is read, or the nearest recording is looked for */
    BATON_INTERACTIONS_MAX = 16 * 1024 * 1024, /* of all files together */

    /* an interaction: a line */
    BATON_INTERACTION_EXCHANGES_MAX = 1000000, /* the highest number of an exchange */
    BATON_INTERACTION_NESTING_MAX = 1000,
    BATON_INTERACTION_EVENTS_MAX = 1000000, /* of one stream */
    BATON_INTERACTION_BODY_BYTES_MAX = 64 * 1024 * 1024,
    BATON_INTERACTION_TEXT_BYTES_MAX = 128 * 1024 * 1024, /* a text of it while it is redacted */

    /* what is said of a request that was not recorded */
    BATON_MISS_CANDIDATES_MAX = 64, /* recordings that are compared with it */
    BATON_MISS_DIFFERENCE_BYTES_MAX = 300,
    BATON_DIFF_PATH_BYTES_MAX = 4096,
    BATON_DIFF_TEXT_BYTES_MAX = 256 * 1024 * 1024
};

/* While a line is recorded, and for a recorder in all. */
#define BATON_RECORDER_BYTES_MAX ((size_t)8 * 1024 * 1024 * 1024)

#endif
