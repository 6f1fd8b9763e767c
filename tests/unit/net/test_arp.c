/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames as a guest sends them; those that the kernel lets pass, at a bridge in a network namespace
 * of the test's own. */
#include "net/arp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/ether.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "filtered.h"
#include "net/link.h"

#define BRIDGE     "vtbr0"
#define BRIDGE_MAC "02:42:ad:11:00:02"
#define SIZE       42

static const struct ether_addr mac = {{0x02, 0x42, 0xac, 0x11, 0, 2}};

/* Offsets of what a frame has after its two MACs of Ethernet. */
enum { SOURCE = 6, TYPE = 12, HARDWARE = 14, PROTOCOL = 16, SIZES = 18, SENDER = 22, SAYS = 28 };

/* The guest asks who has 10.0.0.1, and says with that that it has @address. */
static void make_frame(const char *address, uint8_t frame[SIZE])
{
    static const uint8_t head[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
    static const uint8_t wanted[] = {10, 0, 0, 1};

    memset(frame, 0, SIZE);
    memset(frame, 0xff, ETH_ALEN);
    memcpy(frame + SOURCE, &mac, ETH_ALEN);
    memcpy(frame + TYPE, head, sizeof(head));
    memcpy(frame + SENDER, &mac, ETH_ALEN);
    assert_int_equal(inet_pton(AF_INET, address, frame + SAYS), 1);
    memcpy(frame + 38, wanted, sizeof(wanted));
}

static uint32_t number(const char *address)
{
    struct in_addr in;

    assert_int_equal(inet_pton(AF_INET, address, &in), 1);
    return ntohl(in.s_addr);
}

/* Whether the kernel's filter lets it pass. */
static bool passes(const uint8_t *frame, size_t size, enum vt_arp_heed heed, uint32_t address)
{
    struct vt_filter filter;

    vt_arp_filter(&mac, heed, address, &filter);
    return filter_passes(&filter, frame, size);
}

static void assert_said(const char *address, bool expected)
{
    uint8_t frame[SIZE];

    make_frame(address, frame);
    assert_int_equal(vt_arp_parse(frame, SIZE, &mac), expected ? number(address) : 0);
    assert_int_equal(passes(frame, SIZE, VT_ARP_ALL_BUT, 0), expected);
}

static void what_a_host_can_have_is_heard(void **state)
{
    static const char *const hosts[] = {"10.0.0.5",    "1.0.0.0",         "126.255.255.255",
                                        "128.0.0.1",   "169.253.255.255", "169.255.0.0",
                                        "172.31.0.41", "223.255.255.254"};
    static const char *const others[] = {"0.0.0.0",         "0.1.2.3",    "127.0.0.11",
                                         "169.254.100.1",   "224.0.0.1",  "240.0.0.1",
                                         "255.255.255.255", "169.254.0.0"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(hosts); i++)
        assert_said(hosts[i], true);
    for (size_t i = 0; i < VT_ARRAY_SIZE(others); i++)
        assert_said(others[i], false);
}

static void only_the_guests_own_frames_count(void **state)
{
    static const unsigned telling[] = {SOURCE,   SOURCE + 3,   SOURCE + 5, TYPE,  TYPE + 1,
                                       HARDWARE, HARDWARE + 1, PROTOCOL,   SIZES, SIZES + 1,
                                       SENDER,   SENDER + 4,   SENDER + 5};
    uint8_t frame[SIZE];

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(telling); i++) {
        make_frame("10.0.0.5", frame);
        frame[telling[i]] ^= 1;
        assert_int_equal(vt_arp_parse(frame, SIZE, &mac), 0);
        assert_false(passes(frame, SIZE, VT_ARP_ALL_BUT, 0));
    }
    make_frame("10.0.0.5", frame);
    assert_int_equal(vt_arp_parse(frame, SIZE - 1, &mac), 0);
    assert_false(passes(frame, SIZE - 1, VT_ARP_ALL_BUT, 0));
}

static void the_kernel_wakes_for_what_is_new(void **state)
{
    const uint32_t known = number("10.0.0.5");
    uint8_t same[SIZE], other[SIZE];

    (void)state;
    make_frame("10.0.0.5", same);
    make_frame("10.0.0.6", other);
    assert_false(passes(same, SIZE, VT_ARP_ALL_BUT, known));
    assert_true(passes(other, SIZE, VT_ARP_ALL_BUT, known));
    assert_true(passes(same, SIZE, VT_ARP_ONLY, known));
    assert_false(passes(other, SIZE, VT_ARP_ONLY, known));
    assert_false(passes(same, SIZE, VT_ARP_NONE, known));
    assert_false(passes(other, SIZE, VT_ARP_NONE, known));
}

/* ---- at a bridge ---- */

static struct vt_netlink netlink = VT_NETLINK_INIT;
static bool usable;

/* The bridge, with a port whose other end is the guest's. */
static int make_veth(void)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_NEWLINK, NLM_F_CREATE, "tap");
    struct nlattr *info, *data, *peer;

    mnl_attr_put_u32(request, IFLA_MASTER, if_nametoindex(BRIDGE));
    info = mnl_attr_nest_start(request, IFLA_LINKINFO);
    mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
    data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
    peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
    (void)mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(request, IFLA_IFNAME, "guest");
    mnl_attr_nest_end(request, peer);
    mnl_attr_nest_end(request, data);
    mnl_attr_nest_end(request, info);
    return vt_netlink_ask(&netlink, request, NULL, NULL);
}

static int make_network(void **state)
{
    (void)state;
    usable = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
             vt_netlink_open(&netlink, NULL) == 0 &&
             vt_link_make_bridge(&netlink, BRIDGE, BRIDGE_MAC, 1500) == 0 && make_veth() == 0 &&
             vt_link_up(&netlink, BRIDGE) == 0 && vt_link_up(&netlink, "tap") == 0 &&
             vt_link_up(&netlink, "guest") == 0;
    return 0;
}

/* The guest's end of its card. */
static int open_guest(void)
{
    const struct sockaddr_ll at = {.sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ARP),
                                   .sll_ifindex = (int)if_nametoindex("guest")};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

static void say(int guest, const char *address)
{
    uint8_t frame[SIZE];

    make_frame(address, frame);
    assert_int_equal(send(guest, frame, SIZE, 0), SIZE);
}

static void assert_heard(int fd, const char *address)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    uint32_t heard = 0;

    assert_int_equal(poll(&pollfd, 1, 3000), 1);
    assert_int_equal(vt_arp_read(fd, &mac, &heard), 0);
    assert_int_equal(heard, number(address));
    assert_int_equal(vt_arp_read(fd, &mac, &heard), -EAGAIN);
}

static void the_guest_is_heard_at_its_bridge_and_asked(void **state)
{
    VT_AUTO_CLOSE int fd = -1, guest = -1;
    struct ether_addr bridge_mac = {{0}};
    uint8_t asked[128];

    (void)state;
    if (!usable)
        skip();
    assert_int_equal(vt_arp_listen("nowhere", &mac, 0, NULL), -ENODEV);
    fd = vt_arp_listen(BRIDGE, &mac, 0, NULL);
    guest = open_guest();
    assert_true(fd >= 0);
    say(guest, "0.0.0.0");
    say(guest, "10.0.0.5");
    assert_heard(fd, "10.0.0.5");
    vt_arp_heed(fd, &mac, VT_ARP_ALL_BUT, number("10.0.0.5"));
    say(guest, "10.0.0.5");
    say(guest, "10.0.0.6");
    assert_heard(fd, "10.0.0.6");
    (void)ether_aton_r(BRIDGE_MAC, &bridge_mac);
    vt_arp_ask(fd, &bridge_mac, number("169.254.100.1"), number("10.0.0.5"));
    assert_int_equal(recv(guest, asked, sizeof(asked), 0), 60);
    assert_memory_equal(asked + SOURCE, &bridge_mac, ETH_ALEN);
    assert_memory_equal(asked + SAYS, "\xa9\xfe\x64\x01", 4);
    assert_memory_equal(asked + 38, "\x0a\0\0\x05", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_host_can_have_is_heard),
        cmocka_unit_test(only_the_guests_own_frames_count),
        cmocka_unit_test(the_kernel_wakes_for_what_is_new),
        cmocka_unit_test(the_guest_is_heard_at_its_bridge_and_asked),
    };

    return cmocka_run_group_tests(tests, make_network, NULL);
}
