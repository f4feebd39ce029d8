/* version.h - which baton this is, and what every other header needs: how the functions of the API are declared.
 *
 * The macros are those of the headers at compile time, the functions those of the library at run time. Before 1.0 the
 * soname (libbaton.so.0) and the symbol version (BATON_0) stay as long as programs need not be compiled again.
 */
#ifndef BATON_API_VERSION_H
#define BATON_API_VERSION_H

#define BATON_VERSION_MAJOR 0
#define BATON_VERSION_MINOR 1
#define BATON_VERSION_PATCH 0
#define BATON_VERSION_NUMBER (BATON_VERSION_MAJOR * 10000 + BATON_VERSION_MINOR * 100 + BATON_VERSION_PATCH)

#if defined(__GNUC__)
#define BATON_API __attribute__((visibility("default")))
#else
#define BATON_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0"; lives as long as the process. */
BATON_API const char *baton_version(void);

/* 0.1.0 is 100, 1.2.3 is 10203. */
BATON_API int baton_version_number(void);

#ifdef __cplusplus
}
#endif

#endif
