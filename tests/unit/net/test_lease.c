/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guests ask DHCP servers for, and what only looks like that. */
#include "net/lease.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "filtered.h"

#define REQUESTED 0xc0a80107U
#define KEPT      0xc0a80108U

static const struct ether_addr mac = {{0x02, 0x42, 0xac, 0x11, 0, 2}};

/* Where the headers begin, and what they have. */
enum {
    SOURCE = 6,
    TYPE = 12,
    IP = 14,
    FRAGMENT = IP + 6,
    PROTOCOL = IP + 9,
    UDP = IP + 20,
    BOOTP = UDP + 8,
    CIADDR = BOOTP + 12,
    CHADDR = BOOTP + 28,
    COOKIE = BOOTP + 236,
    OPTIONS = BOOTP + 240,
    SIZE = OPTIONS + 32
};

/* A DHCPREQUEST with @options, and zeroes after them. */
static void make_frame(const char *options, size_t size, uint8_t frame[SIZE])
{
    memset(frame, 0, SIZE);
    memset(frame, 0xff, 6);
    memcpy(frame + SOURCE, &mac, sizeof(mac));
    frame[TYPE] = 8;
    frame[IP] = 0x45;
    frame[PROTOCOL] = IPPROTO_UDP;
    memcpy(frame + UDP, "\0\x44\0\x43", 4);
    memcpy(frame + BOOTP, "\1\1\6", 3);
    memcpy(frame + CHADDR, &mac, sizeof(mac));
    memcpy(frame + COOKIE, "\x63\x82\x53\x63", 4);
    memcpy(frame + OPTIONS, options, size);
}

#define REQUEST              "\x35\1\3\0\x32\4\xc0\xa8\1\7\xff"
#define MAKE(options, frame) make_frame(options, sizeof(options) - 1, frame)

/* Whether the kernel's filter lets it pass. */
static bool passes(const uint8_t *frame, size_t size)
{
    struct vt_filter filter;

    vt_lease_filter(&mac, &filter);
    return filter_passes(&filter, frame, size);
}

static void a_requested_address_is_found(void **state)
{
    uint8_t frame[SIZE];

    (void)state;
    MAKE(REQUEST, frame);
    assert_true(passes(frame, SIZE));
    assert_int_equal(vt_lease_parse(frame, SIZE, &mac), REQUESTED);
    /* With two words of IP options. */
    memmove(frame + UDP + 8, frame + UDP, SIZE - UDP - 8);
    frame[IP] = 0x47;
    assert_true(passes(frame, SIZE));
    assert_int_equal(vt_lease_parse(frame, SIZE, &mac), REQUESTED);
    /* Who has it asks for no other. */
    MAKE("\x35\1\3\xff", frame);
    memcpy(frame + CIADDR, "\xc0\xa8\1\x08", 4);
    assert_int_equal(vt_lease_parse(frame, SIZE, &mac), KEPT);
}

static void other_frames_do_not_even_wake_us(void **state)
{
    static const unsigned telling[] = {SOURCE,   SOURCE + 5, TYPE,    TYPE + 1, FRAGMENT + 1,
                                       PROTOCOL, UDP,        UDP + 1, UDP + 2,  UDP + 3};
    uint8_t frame[SIZE];

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(telling); i++) {
        MAKE(REQUEST, frame);
        frame[telling[i]] ^= 1;
        assert_false(passes(frame, SIZE));
        assert_int_equal(vt_lease_parse(frame, SIZE, &mac), 0);
    }
    MAKE(REQUEST, frame);
    assert_false(passes(frame, OPTIONS - 1));
}

static void what_requests_nothing_says_nothing(void **state)
{
    static const unsigned telling[] = {IP, BOOTP, BOOTP + 2, CHADDR, COOKIE + 3};
    uint8_t frame[SIZE];

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(telling); i++) {
        MAKE(REQUEST, frame);
        frame[telling[i]] ^= 7;
        assert_int_equal(vt_lease_parse(frame, SIZE, &mac), 0);
    }
    MAKE("\x35\1\1\x32\4\xc0\xa8\1\7\xff", frame); /* DHCPDISCOVER */
    assert_int_equal(vt_lease_parse(frame, SIZE, &mac), 0);
    MAKE("\x35\1\3\x32\4\xe0\0\0\1\xff", frame); /* multicast */
    assert_int_equal(vt_lease_parse(frame, SIZE, &mac), 0);
    MAKE("\x35\1\3\x32\3\xc0\xa8\1\xff", frame); /* three bytes */
    assert_int_equal(vt_lease_parse(frame, SIZE, &mac), 0);
    /* Cut off anywhere. */
    MAKE(REQUEST, frame);
    for (size_t size = 0; size < OPTIONS + 10; size++)
        assert_int_equal(vt_lease_parse(frame, size, &mac), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_requested_address_is_found),
        cmocka_unit_test(other_frames_do_not_even_wake_us),
        cmocka_unit_test(what_requests_nothing_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
