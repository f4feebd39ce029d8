/* junit_reader.h - a strict reader of JUnit XML for tests: the tree, and whether it holds to what readers in the world check.
 *
 * XML: UTF-8, the characters of XML 1.0, the declaration, elements, attributes in double quotes, entities and character
 * references; nothing else. A raw tab or line break in an attribute is refused, as a reader would change it.
 *
 * Owns:     nothing; the tree lives in the arena that is given.
 */
#ifndef BATON_REPORTS_TESTS_JUNIT_READER_H
#define BATON_REPORTS_TESTS_JUNIT_READER_H

#include "engine/base/text.h"

enum { XML_ATTRIBUTES_MAX = 8, XML_DEPTH_MAX = 8 };

struct xml_node {
    struct baton_str name, text; /* decoded; the text is all of its own, put together */
    struct {
        struct baton_str name, value;
    } attributes[XML_ATTRIBUTES_MAX];
    size_t attribute_count;
    struct xml_node *parent, *child, *last, *next;
};

/* The root, or NULL with *problem. */
const struct xml_node *xml_read(struct baton_arena *arena, struct baton_str text, const char **problem);

/* The value of an attribute; data NULL: none. The first child of that name, or NULL. How many there are. */
struct baton_str xml_attribute(const struct xml_node *node, const char *name);
const struct xml_node *xml_child(const struct xml_node *node, const char *name);
size_t xml_count(const struct xml_node *node, const char *name);

/* NULL when the tree is valid by junit-10.xsd (Jenkins) and its suites by surefire-test-report-3.0.xsd, and the counts in
 * attributes are those of the elements; else what is wrong. */
const char *junit_problem(struct baton_arena *arena, const struct xml_node *root);

#endif
