/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/catalogue.h"

#include "helpers.h"

#define SHIPPED VT_TEST_DIR "/../images/catalogue"
#define TODAY   "2026-11-22"

#define HEAD "name: tiny\narchitecture: x86_64\nuser: me\n"
#define ONE  "releases:\n  - {version: 1, url: 'https://example.org/1'}\n"

static void test_parse(void **state)
{
    static const char text[] =
        "name: tiny\ntitle: Tiny Linux\naliases: [small]\narchitecture: x86_64\nuser: me\n"
        "releases:\n"
        "  - version: 22.10\n    aliases: [new, newest]\n    url: https://example.org/2\n"
        "    checksum_url: https://example.org/SUMS\n    osinfo: tiny2\n"
        "    signature_url: https://example.org/SIGNED\n"
        "    end_of_life: 2030-01-31\n    firmware: bios\n"
        "  - {version: 1, url: 'file:///1', user: other}\n";
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_distribution d;

    (void)state;
    assert_ok(vt_distribution_parse("f", text, strlen(text), &d, &err), &err);
    assert_string_equal(d.file, "f");
    assert_string_equal(d.name, "tiny");
    assert_string_equal(d.title, "Tiny Linux");
    assert_string_equal(d.aliases[0], "small");
    assert_null(d.aliases[1]);
    assert_int_equal(d.release_count, 2);
    assert_string_equal(d.releases[0].version, "22.10");
    assert_string_equal(d.releases[0].aliases[1], "newest");
    assert_string_equal(d.releases[0].user, "me");
    assert_string_equal(d.releases[0].checksum_url, "https://example.org/SUMS");
    assert_string_equal(d.releases[0].signature_url, "https://example.org/SIGNED");
    assert_string_equal(d.releases[0].osinfo, "tiny2");
    assert_string_equal(d.releases[0].end_of_life, "2030-01-31");
    assert_string_equal(d.releases[1].user, "other");
    assert_null(d.releases[1].end_of_life);
    assert_null(d.releases[1].checksum_url);
    vt_distribution_done(&d);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "f:1:1: name is missing"},
        {"name: x\n", "f:1:1: architecture is missing"},
        {HEAD, "f:1:1: releases is missing"},
        {HEAD "releases: []\n", "f:4:11: releases: give a list of at least one"},
        {HEAD "releases: {}\n", "releases: give a list"},
        {HEAD "releases: [a]\n", "f:4:12: a release is a mapping"},
        {HEAD "releases: [{version: 1}]\n", "f:4:12: url is missing"},
        {HEAD "releases: [{url: 'https://a/b'}]\n", "f:4:12: version is missing"},
        {"name: x\narchitecture: x86_64\n" ONE, "user (here or of the distribution) is missing"},
        {"name: X\narchitecture: x86_64\n", "f:1:7: name: give lower-case letters"},
        {"name: x/y\n", "name: give"},
        {"name: [x]\n", "name: give"},
        {"name: x\narchitecture: aarch64\n", "f:2:15: architecture: guests are x86_64 here"},
        {HEAD "usr: x\n" ONE, "f:4:6: nothing is known of the key 'usr' here"},
        {HEAD "aliases: x\n" ONE, "aliases: give a list"},
        {HEAD "aliases: [X]\n" ONE, "aliases: give lower-case"},
        {HEAD "releases: [{version: 1, url: 'ftp://a/b'}]\n", "url: give an address"},
        {HEAD "releases: [{version: 1, url: 'https://a/b c'}]\n", "url: give an address"},
        {HEAD "releases: [{version: 1, url: 'https://a', checksum: 'sha256:12'}]\n",
         "checksum: give sha256: or sha512:"},
        {HEAD "releases: [{version: 1, url: 'https://a', firmware: uefi}]\n",
         "f:4:53: firmware: guests boot by BIOS here; give bios"},
        {HEAD "releases: [{version: 1, url: 'https://a', firmware: [bios]}]\n", "firmware: guests"},
        {HEAD "firmware: bios\n" ONE, "f:4:11: nothing is known of the key 'firmware' here"},
        {HEAD "releases: [{version: 1, url: 'https://a', end_of_life: 2027}]\n",
         "end_of_life: give a day"},
        {HEAD "releases: [{version: 1, url: 'https://a'}, {version: 2, url: 'https://a', "
              "aliases: [1]}]\n",
         "f:4:44: another release is called 1 already"},
        {HEAD "releases: [{version: 1, url: 'https://a', checksum_url: 'https://b', checksum: "
              "'sha256:"
              "0000000000000000000000000000000000000000000000000000000000000000'}]\n",
         "give checksum or checksum_url, not both"},
        {HEAD "releases: [{version: 1, url: 'https://a', signature_url: 'https://b'}]\n",
         "signature_url: the file that it signs, checksum_url, is missing"},
        {HEAD "releases: [{version: 1, url: 'https://a', signature_url: 'b'}]\n",
         "signature_url: give an address"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_distribution d;
        int r = vt_distribution_parse("f", rows[i].text, strlen(rows[i].text), &d, &err);

        ASSERT_FAILED(r, err, VT_CAUSE_USAGE, "f:", rows[i].message);
    }
}

static void assert_https(const char *file, const char *url)
{
    if (url && !vt_startswith(url, "https://"))
        fail_msg("%s: %s", file, url);
}

/* What is shipped: an address that nobody on the way can change, a user, a checksum. */
static void test_shipped(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CATALOGUE struct vt_catalogue catalogue = {0};

    (void)state;
    assert_ok(vt_catalogue_read(NULL, SHIPPED, &catalogue, &err), &err);
    assert_true(catalogue.count >= 11);
    for (size_t i = 0; i < catalogue.count; i++) {
        const struct vt_distribution *d = &catalogue.distributions[i];
        VT_AUTO_FREE char *file = vt_fmt(SHIPPED "/%s.yaml", d->name);

        assert_string_equal(d->file, file);
        for (size_t j = 0; j < d->release_count; j++) {
            const struct vt_release *release = &d->releases[j];

            assert_https(d->file, release->url);
            assert_https(d->file, release->checksum_url);
            if (!release->user || (!release->checksum && !release->checksum_url))
                fail_msg("%s: release %s has no user or no checksum", d->file, release->version);
        }
    }
}

static void test_find(void **state)
{
    static const struct {
        const char *name, *today, *found;
        bool chosen;
    } rows[] = {
        {"fedora:43", TODAY, "fedora:43", false},
        {"fedora", TODAY, "fedora:44", true},
        {"fedora:latest", TODAY, "fedora:44", true},
        {"fedora:29", TODAY, "fedora:29", false},
        /* all have ended */
        {"fedora", "2099-01-01", "fedora:44", true},
        {"ubuntu:noble", TODAY, "ubuntu:24.04", false},
        {"trixie", TODAY, "debian:13", false},
        {"alma:9", TODAY, "almalinux:9", false},
        {"centos", TODAY, "centos:10", true},
        {"centos:stream9", TODAY, "centos:9", false},
        {"opensuse:tumbleweed", TODAY, "opensuse:tumbleweed", false},
        /* 14.4 ends on the last day of 2026 */
        {"freebsd", "2026-12-31", "freebsd:14.4", true},
    };
    VT_AUTO_CATALOGUE struct vt_catalogue catalogue = {0};

    (void)state;
    assert_int_equal(vt_catalogue_read(NULL, SHIPPED, &catalogue, NULL), 0);
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *found = NULL;
        struct vt_entry entry;

        assert_ok(vt_catalogue_find(&catalogue, rows[i].name, rows[i].today, &entry, &err), &err);
        found = vt_fmt("%s:%s", entry.distribution->name, entry.release->version);
        assert_string_equal(found, rows[i].found);
        assert_int_equal(entry.chosen, rows[i].chosen);
    }
}

static void test_not_found(void **state)
{
    static const struct {
        const char *name, *message;
    } rows[] = {
        {"fedoar:43", "IMAGE=fedoar:43: the catalogue has no 'fedoar'; it has fedora ("},
        {"rokcy", "it has rocky ("},
        {"open", "it has opensuse ("},
        {"image.qcow2", "it has almalinux, alpine, amazonlinux, arch, centos, debian, fedora,"},
        {"debian:11", "the catalogue has no release '11' of Debian; it has 13, 12"},
        {"debian:", "the catalogue has no release '' of Debian"},
        {"debian:13:14", "no release '13:14'"},
        {"trixie:13", "the catalogue has no 'trixie'"},
    };
    VT_AUTO_CATALOGUE struct vt_catalogue catalogue = {0}, none = {0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_entry entry;

    (void)state;
    assert_int_equal(vt_catalogue_read(NULL, SHIPPED, &catalogue, NULL), 0);
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++)
        ASSERT_FAILED(vt_catalogue_find(&catalogue, rows[i].name, TODAY, &entry, &err), err,
                      VT_CAUSE_NO_IMAGE, rows[i].message);
    ASSERT_FAILED(vt_catalogue_find(&none, "debian", TODAY, &entry, &err), err, VT_CAUSE_NO_IMAGE,
                  "the catalogue is empty");
}

static void test_own_directory_wins(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CATALOGUE struct vt_catalogue catalogue = {0}, broken = {0};
    struct vt_entry entry;

    (void)state;
    put_text(in_dir("d.yaml"), "name: debian\narchitecture: x86_64\nuser: me\n" ONE);
    put_text(in_dir("notes.txt"), "nothing");
    put_text(in_dir(".hidden.yaml"), "nothing");
    assert_ok(vt_catalogue_read(dir, SHIPPED, &catalogue, &err), &err);
    assert_ok(vt_catalogue_find(&catalogue, "debian", TODAY, &entry, &err), &err);
    assert_string_equal(entry.release->url, "https://example.org/1");
    assert_ok(vt_catalogue_find(&catalogue, "fedora:43", TODAY, &entry, &err), &err);

    put_text(in_dir("e.yaml"), HEAD ONE);
    put_text(in_dir("f.yaml"), HEAD ONE);
    ASSERT_FAILED(vt_catalogue_read(dir, SHIPPED, &broken, &err), err, VT_CAUSE_USAGE,
                  in_dir("e.yaml"), in_dir("f.yaml"), "both describe 'tiny'");
    put_text(in_dir("f.yaml"), "name: [\n");
    ASSERT_FAILED(vt_catalogue_read(dir, SHIPPED, &broken, &err), err, VT_CAUSE_USAGE,
                  in_dir("f.yaml:"));
    put_raw(in_dir("f.yaml"), 70000, 0, 1);
    ASSERT_FAILED(vt_catalogue_read(dir, SHIPPED, &broken, &err), err, VT_CAUSE_USAGE,
                  in_dir("f.yaml"));
    ASSERT_FAILED(vt_catalogue_read("/nowhere", SHIPPED, &broken, &err), err, VT_CAUSE_USAGE,
                  "cannot read the catalogue /nowhere");
    assert_ok(vt_catalogue_read(NULL, "/nowhere", &broken, &err), &err);
    assert_int_equal(broken.count, 0);
}

static void test_list(void **state)
{
    static const char text[] = HEAD "releases:\n"
                                    "  - {version: 2, url: 'https://a', aliases: [b, c]}\n"
                                    "  - {version: 1, url: 'https://a', checksum_url: 'https://s', "
                                    "end_of_life: 2020-01-31}\n";
    struct vt_distribution d;
    const struct vt_catalogue catalogue = {.distributions = &d, .count = 1};
    VT_AUTO_FREE char *table = NULL, *json = NULL;

    (void)state;
    assert_int_equal(vt_distribution_parse("f", text, strlen(text), &d, NULL), 0);
    table = vt_catalogue_text(&catalogue, TODAY);
    assert_string_equal(table, "IMAGE                   USER        END OF LIFE        ALSO\n"
                               "tiny:2                  me          -                  b, c\n"
                               "tiny:1                  me          2020-01-31 (past)\n");
    json = vt_catalogue_json(&catalogue, TODAY);
    assert_non_null(strstr(json, "\"release\": \"1\""));
    assert_non_null(strstr(json, "\"checksum\": \"https://s\""));
    assert_non_null(strstr(json, "\"ended\": true"));
    vt_distribution_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_shipped),   cmocka_unit_test(test_find),
        cmocka_unit_test(test_not_found), cmocka_unit_test(test_list),
        IN_DIR(test_own_directory_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
