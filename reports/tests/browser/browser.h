/* browser.h - drives a headless Chromium as a user does: opens pages, clicks, types, looks. What fails, fails the test.
 *
 * It speaks the DevTools protocol over a pair of pipes (JSON, a NUL after each message), so it needs no port. Everything
 * that a page complains of is kept: exceptions, errors on the console, refusals of the content policy, and every request for
 * anything but the page itself.
 *
 * Owns:     browser_open() starts a process and takes a folder below build/ and memory; browser_close() ends them. What
 *           functions give back lives until then.
 * Threads:  one.
 */
#ifndef BATON_REPORTS_TESTS_BROWSER_BROWSER_H
#define BATON_REPORTS_TESTS_BROWSER_BROWSER_H

#include "engine/base/json.h"
#include "engine/base/text.h"

#include <sys/types.h>

enum { BROWSER_SECONDS_MAX = 40 };

struct browser {
    struct baton_arena *arena;
    char folder[64];
    pid_t pid;
    int to, from;          /* our ends of its pipes */
    unsigned message_last; /* number of the last message sent */
    struct baton_str session;
    struct baton_text inbox;      /* what was read and not yet looked at */
    struct baton_text complaints; /* a line each */
    bool has_loaded;
};

/* Where a Chromium is, or NULL. */
const char *browser_find(void);

/* Starts one with a page of that size. */
void browser_open(struct browser *browser, unsigned width, unsigned height);
void browser_close(struct browser *browser);

/* Opens a file and waits until it is there. */
void browser_go(struct browser *browser, const char *path);
void browser_resize(struct browser *browser, unsigned width, unsigned height);

/* What the user's system is set to: `light` or `dark`. */
void browser_prefer(struct browser *browser, const char *scheme);

/* The value of a JavaScript expression. */
struct baton_str browser_text(struct browser *browser, const char *expression, ...)
    __attribute__((format(printf, 2, 3)));
double browser_number(struct browser *browser, const char *expression, ...) __attribute__((format(printf, 2, 3)));
bool browser_holds(struct browser *browser, const char *expression, ...) __attribute__((format(printf, 2, 3)));

/* Scrolls the first element of a CSS selector into view and clicks into its middle. */
void browser_click(struct browser *browser, const char *selector);

/* Presses a key (`Tab`, `Enter`, `Escape`, `ArrowDown`, ...); types a text where the focus is. */
void browser_press(struct browser *browser, const char *key);
void browser_type(struct browser *browser, const char *text);

/* What is in the window as a PNG, decoded. */
struct baton_str browser_picture(struct browser *browser);

/* What the pages complained of so far: "" when all is well. */
const char *browser_complaints(const struct browser *browser);

#endif
