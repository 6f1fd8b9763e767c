/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void elements_nest(void **state)
{
    struct vt_xml xml = VT_XML_INIT;
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    vt_xml_begin(&xml, "a");
    vt_xml_attr(&xml, "k", "v");
    vt_xml_attrf(&xml, "n", "%d", 7);
    vt_xml_begin(&xml, "b");
    vt_xml_begin(&xml, "c");
    vt_xml_attr(&xml, "x", "y");
    vt_xml_end_text(&xml, "c", "words");
    vt_xml_end(&xml, "b");
    vt_xml_text(&xml, "d", "");
    vt_xml_textf(&xml, "e", "%s-%u", "f", 1U);
    vt_xml_empty(&xml, "g", NULL);
    vt_xml_empty(&xml, "h", "i", "1", "left-out", NULL, "j", "2", NULL);
    vt_xml_begin(&xml, "k");
    vt_xml_end(&xml, "k");
    vt_xml_end(&xml, "a");
    text = vt_xml_take(&xml);
    assert_string_equal(text, "<a k='v' n='7'>\n"
                              "  <b>\n"
                              "    <c x='y'>words</c>\n"
                              "  </b>\n"
                              "  <d></d>\n"
                              "  <e>f-1</e>\n"
                              "  <g/>\n"
                              "  <h i='1' j='2'/>\n"
                              "  <k/>\n"
                              "</a>\n");
}

/* Values that would end an attribute or an element, or begin one of their own. */
static const struct {
    const char *value;
    const char *written;
} hostile[] = {
    {"plain", "plain"},
    {"", ""},
    {"a&b", "a&amp;b"},
    {"&amp;", "&amp;amp;"},
    {"a<b>c", "a&lt;b&gt;c"},
    {"it's", "it&apos;s"},
    {"\"x\"", "&quot;x&quot;"},
    {"'/><evil/><x y='", "&apos;/&gt;&lt;evil/&gt;&lt;x y=&apos;"},
    {"</name><devices/>", "&lt;/name&gt;&lt;devices/&gt;"},
    {"]]>", "]]&gt;"},
    {"<!-- x -->", "&lt;!-- x --&gt;"},
    {"tab\tline\nend", "tab\tline\nend"},
    {"a\x01\x02\x1b[31m\x1f\rb", "a[31mb"}, /* XML 1.0 has no way to write them */
    {"\xc3\xa9\xe2\x82\xac", "\xc3\xa9\xe2\x82\xac"},
};

static void values_are_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(hostile); i++) {
        struct vt_xml xml = VT_XML_INIT;
        VT_AUTO_FREE char *text = NULL;
        VT_AUTO_FREE char *expected =
            vt_fmt("<a k='%s'>%s</a>\n", hostile[i].written, hostile[i].written);

        vt_xml_begin(&xml, "a");
        vt_xml_attr(&xml, "k", hostile[i].value);
        vt_xml_end_text(&xml, "a", hostile[i].value);
        text = vt_xml_take(&xml);
        assert_string_equal(text, expected);
    }
}

/* The format's own text is a value like any other, so it is escaped too. */
static void formatted_values_are_escaped(void **state)
{
    struct vt_xml xml = VT_XML_INIT;
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    vt_xml_begin(&xml, "a");
    vt_xml_attrf(&xml, "k", "<%s>", "&");
    vt_xml_textf(&xml, "b", "%s", "</b>");
    vt_xml_empty(&xml, "c", "d", "'>", NULL);
    vt_xml_end(&xml, "a");
    text = vt_xml_take(&xml);
    assert_string_equal(text, "<a k='&lt;&amp;&gt;'>\n"
                              "  <b>&lt;/b&gt;</b>\n"
                              "  <c d='&apos;&gt;'/>\n"
                              "</a>\n");
}

static void done_frees_an_unfinished_one(void **state)
{
    VT_AUTO_XML struct vt_xml xml = VT_XML_INIT;

    (void)state;
    vt_xml_begin(&xml, "a");
    vt_xml_begin(&xml, "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_nest),
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(formatted_values_are_escaped),
        cmocka_unit_test(done_frees_an_unfinished_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
