/* xml.h - text as XML 1.0 and HTML take it.
 */
#ifndef BATON_REPORTS_XML_H
#define BATON_REPORTS_XML_H

#include "engine/base/text.h"

/* Text or an attribute's value: < > & " ' as entities, and tabs and line breaks too, which a reader would else change to
 * blanks; characters that XML 1.0 forbids (most control bytes, U+FFFE, U+FFFF) are left out, a byte that is no UTF-8 becomes
 * U+FFFD. */
void baton_xml_text(struct baton_text *out, struct baton_str text);

#endif
