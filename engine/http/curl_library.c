#include "engine/http/curl_library.h"

#include "engine/base/str.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

/* One interface under several names: Debian's three builds (the OpenSSL one first, as it is the one that is tested), what a
 * package for developers adds, macOS. */
static const char *const library_names[] = { "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4", "libcurl.so",
                                             "libcurl.4.dylib" };

static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static struct baton_curl loaded;
static struct baton_error load_error;

#define FUNCTION_ROW(name) { "curl_" #name, offsetof(struct baton_curl, name) },
static const struct function {
    const char *name;
    size_t offset;
} functions[] = { BATON_CURL_FUNCTIONS(FUNCTION_ROW) };
#undef FUNCTION_ROW

/* What it has to be built with. */
static const struct {
    int feature;
    const char *name;
} features[] = { { CURL_VERSION_SSL, "TLS" }, { CURL_VERSION_UNIX_SOCKETS, "unix sockets" } };

static const char *const protocols[] = { "http", "https" };

static bool has_protocol(const curl_version_info_data *version, const char *wanted)
{
    for (const char *const *protocol = version->protocols; *protocol != NULL; protocol++) {
        if (strcmp(*protocol, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* What the library itself says that it is. */
static enum baton_status version_check(const curl_version_info_data *version, const char *name, struct baton_error *err)
{
    if (version->version_num < BATON_CURL_VERSION_MIN) {
        return baton_error_set(err, BATON_EPROVIDER, "'%s' is libcurl %s; live providers need 7.77 or newer", name,
                               version->version);
    }
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        if ((version->features & features[i].feature) == 0) {
            return baton_error_set(err, BATON_EPROVIDER,
                                   "'%s' is libcurl %s without %s; live providers need one that was built with it",
                                   name, version->version, features[i].name);
        }
    }
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        if (!has_protocol(version, protocols[i])) {
            return baton_error_set(err, BATON_EPROVIDER,
                                   "'%s' is libcurl %s without %s://; live providers need one that was built with it",
                                   name, version->version, protocols[i]);
        }
    }
    return BATON_OK;
}

static enum baton_status function_find(struct baton_curl *out, void *library, const struct function *function,
                                       const char *name, struct baton_error *err)
{
    void *symbol = dlsym(library, function->name);
    if (symbol == NULL) {
        return baton_error_set(err, BATON_EPROVIDER, "'%s' has no %s; live providers need libcurl 7.77 or newer", name,
                               function->name);
    }
    /* C has no cast from an object's address to a function's; POSIX promises that the bytes are the same. */
    memcpy((char *)out + function->offset, &symbol, sizeof symbol);
    return BATON_OK;
}

/* Its version first: one that is too old lacks functions, too, but that is not what is to be said of it. */
static enum baton_status library_use(struct baton_curl *out, void *library, const char *name, struct baton_error *err)
{
    enum baton_status status = function_find(out, library, &functions[0], name, err);
    if (status != BATON_OK) {
        return status;
    }
    const curl_version_info_data *version = out->version_info(CURLVERSION_NOW);
    status = version_check(version, name, err);
    for (size_t i = 1; i < sizeof functions / sizeof *functions && status == BATON_OK; i++) {
        status = function_find(out, library, &functions[i], name, err);
    }
    if (status == BATON_OK && out->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        status = baton_error_set(err, BATON_EPROVIDER, "'%s' (libcurl %s) does not start", name, version->version);
    }
    out->version = version->version_num;
    return status;
}

/* The first that will do. Where none does, what the first one that could be loaded lacks says more than why one could not. */
static void load(void)
{
    struct baton_error unfit = { .status = BATON_OK }, missing = { .status = BATON_OK };
    for (size_t i = 0; i < sizeof library_names / sizeof *library_names; i++) {
        void *library = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) {
            const char *why = dlerror();
            if (missing.status == BATON_OK) {
                baton_error_set(&missing, BATON_EPROVIDER,
                                "live providers need libcurl, which cannot be loaded (%s); install it, on Debian and "
                                "Ubuntu with: apt-get install libcurl4",
                                why == NULL ? library_names[i] : why);
            }
            continue;
        }
        if (library_use(&loaded, library, library_names[i], unfit.status == BATON_OK ? &unfit : NULL) == BATON_OK) {
            return;
        }
        dlclose(library);
    }
    load_error = unfit.status != BATON_OK ? unfit : missing;
}

enum baton_status baton_curl_get(const struct baton_curl **out, struct baton_error *err)
{
    pthread_once(&load_once, load);
    *out = load_error.status == BATON_OK ? &loaded : NULL;
    return *out != NULL ? BATON_OK : baton_error_set(err, load_error.status, "%s", load_error.text);
}
