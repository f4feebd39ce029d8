/* schema_parts.h - the keywords that speak about numbers, strings, arrays and objects. Private to this folder.
 *
 * Owns, threads: as schema_check.h.
 */
#ifndef BATON_ENGINE_SCHEMA_SCHEMA_PARTS_H
#define BATON_ENGINE_SCHEMA_SCHEMA_PARTS_H

#include "engine/schema/schema_check.h"

baton_schema_fits baton_schema_range_fits;
baton_schema_fits baton_schema_multiple_fits;
baton_schema_fits baton_schema_count_fits;
baton_schema_fits baton_schema_pattern_fits;
baton_schema_fits baton_schema_items_fits;
baton_schema_fits baton_schema_tuple_fits;
baton_schema_fits baton_schema_additional_items_fits;
baton_schema_fits baton_schema_unique_fits;
baton_schema_fits baton_schema_properties_fits;
baton_schema_fits baton_schema_pattern_properties_fits;
baton_schema_fits baton_schema_additional_properties_fits;
baton_schema_fits baton_schema_property_names_fits;
baton_schema_fits baton_schema_required_fits;
baton_schema_fits baton_schema_dependent_required_fits;

#endif
