/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One conversation by netlink: ask and wait for the answer; or listen to the kernel's news. Private
 * to this room.
 */
#pragma once

#include <libmnl/libmnl.h>

#include "net/addr.h"

struct vt_netlink {
    struct mnl_socket *socket;
    unsigned seq;
};

#define VT_NETLINK_INIT \
    {                   \
        NULL, 0         \
    }
#define VT_AUTO_NETLINK VT_CLEANUP(vt_netlink_close)

/* Room for one request of ours. */
#define VT_NETLINK_REQUEST 1024

int vt_netlink_open(struct vt_netlink *netlink, struct vt_error *err) VT_MUST_CHECK;
/* The same with another part of the kernel: @bus is NETLINK_NETFILTER, say. */
int vt_netlink_open_bus(struct vt_netlink *netlink, int bus, struct vt_error *err) VT_MUST_CHECK;
void vt_netlink_close(struct vt_netlink *netlink);

/*
 * Send @request (made with mnl_nlmsg_put_header) and hand each message of the answer to @callback;
 * NULL when only success is of interest. Returns 0 or the kernel's negative errno.
 */
int vt_netlink_ask(struct vt_netlink *netlink, struct nlmsghdr *request, mnl_cb_t callback,
                   void *data) VT_MUST_CHECK;

/*
 * Ask for the whole table of rtnetlink that @type (RTM_GETLINK, RTM_GETNEIGH, …) names, of @family
 * alone or, with AF_UNSPEC, of all; as vt_netlink_ask().
 */
int vt_netlink_dump(struct vt_netlink *netlink, uint16_t type, unsigned char family,
                    mnl_cb_t callback, void *data) VT_MUST_CHECK;

/*
 * A descriptor that is readable when there is news of @group of @bus, owned by the caller; or a
 * negative errno, with @err saying that nobody tells of @what.
 */
int vt_netlink_listen(int bus, int group, const char *what, struct vt_error *err) VT_MUST_CHECK;
/* Read all news on such an @fd and hand each to @callback. Returns false when some was lost. */
bool vt_netlink_news(int fd, mnl_cb_t callback, void *data);

/*
 * The attributes of @message behind its @offset bytes of header, by their type: of those up to @max
 * @table, which has room for them, gets the pointers.
 */
void vt_netlink_attrs(const struct nlmsghdr *message, size_t offset, const struct nlattr **table,
                      unsigned max);
/* The same of the attributes in @nest. */
void vt_netlink_nested(const struct nlattr *nest, const struct nlattr **table, unsigned max);
/* Add the Ethernet address @mac to @request, as an attribute of @type. */
void vt_netlink_put_mac(struct nlmsghdr *request, uint16_t type, const char *mac);
/* Write the Ethernet address that @attr holds as text. Returns false, and writes nothing, where it
 * holds none. */
bool vt_netlink_mac(const struct nlattr *attr, char mac[VT_MAC_TEXT]);
