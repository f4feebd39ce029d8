/* assets.h - the page's style and script, made into C by embed.sh from page.css and page.js.
 */
#ifndef BATON_REPORTS_HTML_ASSETS_H
#define BATON_REPORTS_HTML_ASSETS_H

#include <stddef.h>

struct baton_html_asset {
    const unsigned char *bytes;
    size_t length;
    const char *hash; /* as a content security policy names it */
};

extern const struct baton_html_asset baton_html_css, baton_html_js;

#endif
