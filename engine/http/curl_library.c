#include "engine/http/curl_library.h"

#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

/* Debian's three builds have one interface; the OpenSSL one comes first as it is the one that is tested. */
static const char *const library_names[] = { "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib", NULL };

static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static struct baton_curl loaded;
static struct baton_error load_error;

#define FUNCTION_ROW(name) { "curl_" #name, offsetof(struct baton_curl, name) },
static const struct {
    const char *name;
    size_t offset;
} functions[] = { BATON_CURL_FUNCTIONS(FUNCTION_ROW) };
#undef FUNCTION_ROW

static enum baton_status functions_find(struct baton_curl *out, void *library, const char *name,
                                        struct baton_error *err)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *symbol = dlsym(library, functions[i].name);
        if (symbol == NULL) {
            return baton_error_set(err, BATON_EPROVIDER, "'%s' has no %s; live providers need libcurl 7.77 or newer",
                                   name, functions[i].name);
        }
        /* C has no cast from an object's address to a function's; POSIX promises that the bytes are the same. */
        memcpy((char *)out + functions[i].offset, &symbol, sizeof symbol);
    }
    const curl_version_info_data *version = out->version_info(CURLVERSION_NOW);
    if (version->version_num < BATON_CURL_VERSION_MIN) {
        return baton_error_set(err, BATON_EPROVIDER, "'%s' is libcurl %s; live providers need 7.77 or newer", name,
                               version->version);
    }
    if (out->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return baton_error_set(err, BATON_EPROVIDER, "'%s' does not start", name);
    }
    return BATON_OK;
}

enum baton_status baton_curl_open(struct baton_curl *out, const char *const *names, struct baton_error *err)
{
    assert(names[0] != NULL);
    for (size_t i = 0; names[i] != NULL; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (library != NULL) {
            return functions_find(out, library, names[i], err);
        }
        const char *why = dlerror();
        if (i == 0) {
            baton_error_set(err, BATON_EPROVIDER,
                            "live providers need libcurl, which cannot be loaded (%s); install it, on Debian and "
                            "Ubuntu with: apt-get install libcurl4",
                            why == NULL ? names[i] : why);
        }
    }
    return BATON_EPROVIDER;
}

static void load(void)
{
    load_error.status = baton_curl_open(&loaded, library_names, &load_error);
}

enum baton_status baton_curl_get(const struct baton_curl **out, struct baton_error *err)
{
    pthread_once(&load_once, load);
    *out = load_error.status == BATON_OK ? &loaded : NULL;
    return *out != NULL ? BATON_OK : baton_error_set(err, load_error.status, "%s", load_error.text);
}
