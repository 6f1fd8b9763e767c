/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/xml.h"

void vt_xml_done(struct vt_xml *xml)
{
    vt_buf_done(&xml->out);
}

static void add_escaped(struct vt_buf *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '&')
            vt_buf_adds(out, "&amp;");
        else if (c == '<')
            vt_buf_adds(out, "&lt;");
        else if (c == '>')
            vt_buf_adds(out, "&gt;");
        else if (c == '\'')
            vt_buf_adds(out, "&apos;");
        else if (c == '"')
            vt_buf_adds(out, "&quot;");
        else if (c >= 0x20 || c == '\t' || c == '\n')
            vt_buf_add(out, s, 1);
    }
}

static void close_tag(struct vt_xml *xml)
{
    if (xml->tag_open)
        vt_buf_adds(&xml->out, ">\n");
    xml->tag_open = false;
}

static void indent(struct vt_xml *xml)
{
    for (int i = 0; i < xml->depth; i++)
        vt_buf_adds(&xml->out, "  ");
}

void vt_xml_begin(struct vt_xml *xml, const char *name)
{
    close_tag(xml);
    indent(xml);
    vt_buf_addf(&xml->out, "<%s", name);
    xml->tag_open = true;
    xml->depth++;
}

void vt_xml_end(struct vt_xml *xml, const char *name)
{
    xml->depth--;
    if (xml->tag_open) {
        vt_buf_adds(&xml->out, "/>\n");
        xml->tag_open = false;
        return;
    }
    indent(xml);
    vt_buf_addf(&xml->out, "</%s>\n", name);
}

void vt_xml_end_text(struct vt_xml *xml, const char *name, const char *text)
{
    xml->depth--;
    xml->tag_open = false;
    vt_buf_adds(&xml->out, ">");
    add_escaped(&xml->out, text);
    vt_buf_addf(&xml->out, "</%s>\n", name);
}

void vt_xml_attr(struct vt_xml *xml, const char *name, const char *value)
{
    vt_buf_addf(&xml->out, " %s='", name);
    add_escaped(&xml->out, value);
    vt_buf_adds(&xml->out, "'");
}

void vt_xml_attrf(struct vt_xml *xml, const char *name, const char *format, ...)
{
    VT_AUTO_FREE char *value = NULL;
    va_list args;

    va_start(args, format);
    value = vt_vfmt(format, args);
    va_end(args);
    vt_xml_attr(xml, name, value);
}

void vt_xml_text(struct vt_xml *xml, const char *name, const char *text)
{
    vt_xml_begin(xml, name);
    vt_xml_end_text(xml, name, text);
}

void vt_xml_textf(struct vt_xml *xml, const char *name, const char *format, ...)
{
    VT_AUTO_FREE char *text = NULL;
    va_list args;

    va_start(args, format);
    text = vt_vfmt(format, args);
    va_end(args);
    vt_xml_text(xml, name, text);
}

void vt_xml_empty(struct vt_xml *xml, const char *name, ...)
{
    const char *attr;
    va_list args;

    vt_xml_begin(xml, name);
    va_start(args, name);
    while ((attr = va_arg(args, const char *))) {
        const char *value = va_arg(args, const char *);

        if (value)
            vt_xml_attr(xml, attr, value);
    }
    va_end(args);
    vt_xml_end(xml, name);
}

char *vt_xml_take(struct vt_xml *xml)
{
    return vt_buf_take(&xml->out);
}
