/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/checksum.h"

#include "helpers.h"

#define A64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define UP64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A128 A64 A64
#define MD5  "d41d8cd98f00b204e9800998ecf8427e"

static void test_parse(void **state)
{
    static const struct {
        const char *text, *hex;
        enum vt_digest digest;
    } cases[] = {
        {"sha256:" A64, A64, VT_DIGEST_SHA256},
        {"sha256:" UP64, A64, VT_DIGEST_SHA256},
        {"sha512:" A128, A128, VT_DIGEST_SHA512},
        {"sha512:" A64, NULL, 0},
        {"sha256:" A128, NULL, 0},
        {"sha256:" A64 "0", NULL, 0},
        {"sha256:", NULL, 0},
        {"sha256", NULL, 0},
        {"sha256 " A64, NULL, 0},
        {A64, NULL, 0},
        {"md5:" MD5, NULL, 0},
        {"", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct vt_checksum sum;
        int r = vt_checksum_parse(cases[i].text, &sum);

        assert_int_equal(r, cases[i].hex ? 0 : -EINVAL);
        if (r < 0)
            continue;
        assert_int_equal(sum.digest, cases[i].digest);
        assert_string_equal(sum.hex, cases[i].hex);
    }
}

/* As Fedora, Debian, Ubuntu, FreeBSD, Alpine … publish them; "i.img" is looked up. */
static const struct {
    const char *text, *hex;
    int r;
} files[] = {
    {A64 "  i.img\n" B64 "  j.img\n", A64, 0},
    {B64 "  j.img\r\n" A64 " *i.img\r\n", A64, 0},
    {A64 "  i.img", A64, 0},
    {A64 "  ./i.img\n", A64, 0},
    {UP64 "\ti.img  \n", A64, 0},
    {"SHA256 (i.img) = " A64 "\n", A64, 0},
    {"SHA512 (i.img) = " A128 "\nSHA256 (j.img) = " B64 "\n", A128, 0},
    {"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# i.img: 5 bytes\nSHA256 (i.img) = " A64
     "\n-----BEGIN PGP SIGNATURE-----\n\niQIzBAEBCAAdFiEE\n-----END PGP SIGNATURE-----\n",
     A64, 0},
    {MD5 "  i.img\nMD5 (i.img) = " MD5 "\n" A64 "  i.img\n", A64, 0},
    /* of both the longer one */
    {A128 "  i.img\n" B64 "  i.img\n", A128, 0},
    {B64 "  i.img\n" A128 "  i.img\n", A128, 0},
    /* twice the same is no contradiction */
    {A64 "  i.img\n" UP64 " *i.img\nSHA256 (i.img) = " A64 "\n", A64, 0},
    /* a digest alone */
    {A128 "\n", A128, 0},
    {"\n" A64 "\n\n", A64, 0},
    {A64 "\n" B64 "\n", NULL, -ENOENT},
    {A64 "\n" B64 "  j.img\n", NULL, -ENOENT},
    {"# of i.img\n" A64 "\n", NULL, -ENOENT},

    {A64 "  i.img\n" B64 "  i.img\n", NULL, -EEXIST},
    {A64 "  i.img\nSHA256 (i.img) = " B64 "\n", NULL, -EEXIST},
    {A128 "  i.img\n" A64 "  i.img\n" B64 "  i.img\n", NULL, -EEXIST},
    {"", NULL, -ENOENT},
    {A64 "  i.img.xz\n" A64 "  a/i.img\n" A64 "  I.IMG\n", NULL, -ENOENT},
    {A64 "i.img\n" A64 "0  i.img\n", NULL, -ENOENT},
    {"SHA256 (i.img) = " MD5 "\nSHA256 (i.img) " A64 "\nSHA1 (i.img) = " A64 "\n", NULL, -ENOENT},
    {"SHA256 (i.img) = " A64 "0\n", NULL, -ENOENT},
    {"SHA512 (i.img) = " A64 "\n", NULL, -ENOENT},
    {"SHA256 (", NULL, -ENOENT},
    {"<html>i.img " A64 "</html>", NULL, -ENOENT},
};

static void test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(files); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_checksum sum;
        int r = vt_checksum_find(files[i].text, strlen(files[i].text), "i.img", VT_SUMS_ANY, &sum,
                                 &err);

        print_message("%zu\n", i);
        assert_int_equal(r, files[i].r);
        if (r < 0)
            ASSERT_FAILED(r, err, VT_CAUSE_FETCH, "i.img", r == -EEXIST ? "two different" : "no ");
        else
            assert_string_equal(sum.hex, files[i].hex);
    }
}

/* In i.img.sha256 a single checksum is i.img's. */
static void test_own(void **state)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {A64 "  i-20261122.img\n", A64},
        {"# i\nSHA256 (i-20261122.img) = " A64 "\n" A64 "  j.img\n", A64},
        {B64 "  j.img\n" A64 "  i.img\n", A64},
        {B64 "  j.img\n" A64 "  k.img\n", NULL},
        {A64 "  j.img\n" A128 "  j.img\n", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_checksum sum;
        int r = vt_checksum_find(cases[i].text, strlen(cases[i].text), "i.img", VT_SUMS_OWN, &sum,
                                 &err);

        assert_int_equal(r, cases[i].hex ? 0 : -ENOENT);
        if (r == 0)
            assert_string_equal(sum.hex, cases[i].hex);
    }
}

/* Where the name counts, nothing stands for it. */
static void test_named(void **state)
{
    static const char *const texts[] = {A64 "\n", A64 "  i-20261122.img\n"};
    static const char right[] = B64 "\n" A64 "  i.img\n";
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_checksum sum;

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++)
        ASSERT_FAILED(
            vt_checksum_find(texts[i], strlen(texts[i]), "i.img", VT_SUMS_NAMED, &sum, &err), err,
            VT_CAUSE_FETCH, "no SHA-256 or SHA-512 checksum of i.img");
    assert_ok(vt_checksum_find(right, strlen(right), "i.img", VT_SUMS_NAMED, &sum, &err), &err);
    assert_string_equal(sum.hex, A64);
}

/* A name may hold what surrounds names. */
static void test_names(void **state)
{
    static const char *const names[] = {"a) = b", "*a", "a b", "(", (") = " A64)};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(names); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *gnu = vt_fmt(B64 " *%s\n", names[i]);
        VT_AUTO_FREE char *bsd = vt_fmt("SHA256 (%s) = " B64 "\n", names[i]);
        struct vt_checksum sum;

        assert_ok(vt_checksum_find(gnu, strlen(gnu), names[i], VT_SUMS_NAMED, &sum, &err), &err);
        assert_string_equal(sum.hex, B64);
        assert_ok(vt_checksum_find(bsd, strlen(bsd), names[i], VT_SUMS_NAMED, &sum, &err), &err);
        assert_string_equal(sum.hex, B64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_find),  cmocka_unit_test(test_own),
        cmocka_unit_test(test_named), cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
