/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's news, in a network namespace of the test's own. */
#include "net/neighbour.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/clock.h"
#include "net/netlink.h"

#define BRIDGE   "vtbr0"
#define GUEST    0xc0a86464U /* 192.168.100.100 */
#define SOMEBODY 0xc0a86465U
#define GATEWAY  0xc0a86501U /* and those that follow */
#define MAC      "52:54:00:00:00:01"

static bool has_namespace;

static int make_namespace(void **state)
{
    (void)state;
    has_namespace = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    return 0;
}

/* A bridge, as the guest's network has one; false where the kernel has none to give. */
static bool make_bridge(void)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ifinfomsg *info;
    struct nlattr *nest;

    request->nlmsg_type = RTM_NEWLINK;
    request->nlmsg_flags = NLM_F_CREATE;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    info->ifi_flags = info->ifi_change = IFF_UP;
    mnl_attr_put_strz(request, IFLA_IFNAME, BRIDGE);
    nest = mnl_attr_nest_start(request, IFLA_LINKINFO);
    mnl_attr_put_strz(request, IFLA_INFO_KIND, "bridge");
    mnl_attr_nest_end(request, nest);
    return vt_netlink_open(&netlink, NULL) == 0 &&
           vt_netlink_ask(&netlink, request, NULL, NULL) == 0;
}

/* Tell the kernel that @address is a neighbour in @nud_state on the bridge, or was one.
 */
static void change(uint16_t type, uint32_t address, uint16_t nud_state)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ndmsg *info;

    assert_int_equal(vt_netlink_open(&netlink, NULL), 0);
    request->nlmsg_type = type;
    request->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    info->ndm_family = AF_INET;
    info->ndm_ifindex = (int)if_nametoindex(BRIDGE);
    info->ndm_state = nud_state;
    mnl_attr_put_u32(request, NDA_DST, htonl(address));
    vt_netlink_put_mac(request, NDA_LLADDR, MAC);
    assert_int_equal(vt_netlink_ask(&netlink, request, NULL, NULL), 0);
}

static void the_guest_shows_up(void **state)
{
    VT_AUTO_CLOSE int fd = -1;

    (void)state;
    if (!has_namespace || !make_bridge())
        skip();
    fd = vt_neighbour_watch(NULL);
    assert_true(fd >= 0);
    assert_false(vt_neighbour_news(fd, GUEST));
    change(RTM_NEWNEIGH, SOMEBODY, NUD_REACHABLE);
    assert_false(vt_neighbour_news(fd, GUEST));
    change(RTM_NEWNEIGH, GUEST, NUD_FAILED);
    assert_false(vt_neighbour_news(fd, GUEST));
    change(RTM_NEWNEIGH, GUEST, NUD_STALE);
    assert_true(vt_neighbour_news(fd, GUEST));
    assert_false(vt_neighbour_news(fd, GUEST));
    change(RTM_DELNEIGH, GUEST, 0);
    assert_false(vt_neighbour_news(fd, GUEST));
}

/* More than there is room for. */
static void lost_news_may_have_been_of_the_guest(void **state)
{
    const int room = 1;
    VT_AUTO_CLOSE int fd = -1;

    (void)state;
    if (!has_namespace || if_nametoindex(BRIDGE) == 0)
        skip();
    fd = vt_neighbour_watch(NULL);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
    for (uint32_t i = 0; i < 100; i++)
        change(RTM_NEWNEIGH, SOMEBODY + i, NUD_STALE);
    assert_true(vt_neighbour_news(fd, GUEST));
    assert_false(vt_neighbour_news(fd, GUEST));
}

/* @address answers in a while: the process to wait for. */
static pid_t answer_later(uint32_t address)
{
    const struct timespec a_while = {.tv_nsec = 200000000};
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    (void)nanosleep(&a_while, NULL);
    change(RTM_NEWNEIGH, address, NUD_REACHABLE);
    _exit(0);
}

#define DEAD 4

/* The last of the list answers, the others do not; *@ret_mac is its MAC, as text. */
static int64_t time_to_find(size_t dead, int patience, char ret_mac[VT_MAC_TEXT])
{
    const int index = (int)if_nametoindex(BRIDGE);
    struct vt_neighbour list[DEAD + 1];
    uint32_t addresses[DEAD + 1];
    char macs[DEAD + 1][VT_MAC_TEXT] = {""};
    int64_t begin = vt_now_ms();

    for (uint32_t i = 0; i <= dead; i++) {
        addresses[i] = htonl(GATEWAY + i);
        list[i] = (struct vt_neighbour){index, AF_INET, &addresses[i], macs[i]};
    }
    list[dead].mac = ret_mac;
    ret_mac[0] = '\0';
    assert_int_equal(vt_neighbour_find(list, dead + 1, patience, NULL), 0);
    for (size_t i = 0; i < dead; i++)
        assert_string_equal(macs[i], "");
    return vt_now_ms() - begin;
}

static void all_are_asked_at_once_and_an_answer_is_seen_when_it_comes(void **state)
{
    char mac[VT_MAC_TEXT];
    pid_t pid;

    (void)state;
    if (!has_namespace || if_nametoindex(BRIDGE) == 0)
        skip();
    pid = answer_later(GATEWAY);
    assert_in_range(time_to_find(0, 20000, mac), 0, 10000);
    assert_string_equal(mac, MAC);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_in_range(time_to_find(0, 20000, mac), 0, 10000);
    assert_string_equal(mac, MAC);
    change(RTM_NEWNEIGH, GATEWAY, NUD_FAILED);
    change(RTM_NEWNEIGH, GATEWAY + DEAD, NUD_STALE);
    assert_in_range(time_to_find(DEAD, 600, mac), 600, 2000);
    assert_string_equal(mac, MAC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guest_shows_up),
        cmocka_unit_test(lost_news_may_have_been_of_the_guest),
        cmocka_unit_test(all_are_asked_at_once_and_an_answer_is_seen_when_it_comes),
    };

    return cmocka_run_group_tests(tests, make_namespace, NULL);
}
