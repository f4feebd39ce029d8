/* limits.h - how much of a recording is taken, in one list. Each is checked where its thing is read or written, with an error
 * that names it.
 */
#ifndef BATON_SIM_IMPORT_LIMITS_H
#define BATON_SIM_IMPORT_LIMITS_H

enum {
    BATON_IMPORT_BODY_BYTES_MAX = 16 * 1024 * 1024,  /* a body, once it is inflated */
    BATON_IMPORT_CODINGS_MAX = 4,                    /* content codings of one body, one over the other */
    BATON_IMPORT_CALLS_MAX = 4096,                   /* model calls of a recording: each is looked at beside each */
    BATON_IMPORT_TEXT_BYTES_MAX = 512 * 1024 * 1024, /* a body while it is redacted; a file of the suite */
    BATON_IMPORT_ID_BYTES_MAX = 256                  /* the id that is given to conversations; a longer one is cut */
};

#endif
