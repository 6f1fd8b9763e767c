/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An indenting XML writer for what we hand to libvirt. It escapes every value, so no name or path
 * can add an element of its own, and drops control characters, which XML 1.0 cannot carry.
 */
#pragma once

#include "base/str.h"

struct vt_xml {
    struct vt_buf out;
    int depth;
    bool tag_open; /* "<name attr='…'" was written, its end not yet */
};

#define VT_XML_INIT                    \
    {                                  \
        VT_BUF_INIT(1 << 20), 0, false \
    }
#define VT_AUTO_XML VT_CLEANUP(vt_xml_done)

void vt_xml_done(struct vt_xml *xml);

/* Begin <@name>; attributes may follow until the next element, text or end. */
void vt_xml_begin(struct vt_xml *xml, const char *name);
/* End the element that began last and has not ended; @name repeats its name. */
void vt_xml_end(struct vt_xml *xml, const char *name);

/* The same for an element whose only content is @text (after its attributes). */
void vt_xml_end_text(struct vt_xml *xml, const char *name, const char *text);

void vt_xml_attr(struct vt_xml *xml, const char *name, const char *value);
void vt_xml_attrf(struct vt_xml *xml, const char *name, const char *format, ...) VT_PRINTF(3, 4);

/* <@name>@text</@name> */
void vt_xml_text(struct vt_xml *xml, const char *name, const char *text);
void vt_xml_textf(struct vt_xml *xml, const char *name, const char *format, ...) VT_PRINTF(3, 4);

/*
 * <@name a='v' …/>: an empty element with attributes given as name, value pairs ended by NULL. A
 * pair whose value is NULL is left out.
 */
void vt_xml_empty(struct vt_xml *xml, const char *name, ...) __attribute__((sentinel));

/* The finished document, owned by the caller. */
char *vt_xml_take(struct vt_xml *xml);
