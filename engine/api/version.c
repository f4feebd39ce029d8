#include <baton/version.h>

#define TEXT_OF(number) #number
#define DOTTED(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *baton_version(void)
{
    return DOTTED(BATON_VERSION_MAJOR, BATON_VERSION_MINOR, BATON_VERSION_PATCH);
}

int baton_version_number(void)
{
    return BATON_VERSION_NUMBER;
}
