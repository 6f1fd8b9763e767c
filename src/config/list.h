/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists with commas between their items, as a person types them; private to this room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * Copy what is between @from and @end, without the blanks around it, to @item, which has room for
 * @size bytes. Returns false if there is nothing, or no room for it.
 */
static inline bool vt_list_item(const char *from, const char *end, char *item, size_t size)
{
    while (from < end && *from == ' ')
        from++;
    while (end > from && end[-1] == ' ')
        end--;
    if (end == from || (size_t)(end - from) >= size)
        return false;
    memcpy(item, from, (size_t)(end - from));
    item[end - from] = '\0';
    return true;
}
