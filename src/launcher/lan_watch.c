/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. A system says its address by ARP when it has something to say to anybody,
 * and claim.h decides on what it says. One that is silent has said at least to a DHCP server what
 * it is about to have: then it is asked for that by ARP a few times, which it answers like anything
 * else.
 */
#include "launcher/lan_watch.h"

#include <errno.h>
#include <netinet/ether.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "host/loop.h"
#include "launcher/claim.h"
#include "launcher/repeats.h"
#include "net/arp.h"
#include "net/lan_apply.h"
#include "net/lease.h"

/* Of one waking, so that others have their turn. */
#define MANY_FRAMES 64
/* After a request. Each pause is twice the one before: 8 s in all, for who looks first whether
 * somebody else has the address (RFC 5227). */
#define FIRST_ASK 250 /* ms */
#define ASKS      5

struct listener {
    struct vt_lan_port *port;
    struct vt_claim claim;
    struct ether_addr mac; /* the guest's */
    struct ether_addr bridge_mac;
    int fd, timer;      /* fd is negative where nothing is listened to */
    uint32_t requested; /* what it asked a DHCP server for last */
    unsigned asked;     /* how often we asked for that */
    int lease_fd, lease_watch, lease_timer;
};

static struct {
    struct vt_lan *lan;
    struct listener list[VT_LAN_PORTS];
    struct vt_repeats changes, refusals;
    void (*callback)(void *data);
    void *data;
} ear;

/* ---- what it says ---- */

/* The first of a card is said in any case: that there are several is no sign of a loop. */
static void tell(const struct listener *l, uint32_t former)
{
    unsigned count;
    enum vt_repeat repeat =
        former ? vt_repeats_note(&ear.changes, vt_now_ms(), &count) : VT_REPEAT_TELL;

    if (repeat != VT_REPEAT_SILENT)
        vt_info("the guest's address on the network of %s is %s%s", l->port->uplink,
                vt_ip_text(l->claim.known).s,
                repeat == VT_REPEAT_TELL ? "" : "; it changes again and again");
}

/* claim.known is another. */
static void learn(struct listener *l)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    uint32_t former = vt_lan_address(ear.lan), learned = l->port->learned;
    int r = vt_lan_learn(ear.lan, l->port, l->claim.known, &err);

    if (r == -EADDRINUSE) {
        vt_claim_refuse(&l->claim, learned);
        vt_repeats_tell(&ear.refusals, err.msg);
        return;
    }
    tell(l, learned);
    if (r < 0)
        vt_warning("%s", err.msg);
    if (vt_lan_address(ear.lan) != former)
        ear.callback(ear.data);
}

static void ask(const struct listener *l, uint32_t address)
{
    vt_arp_ask(l->fd, &l->bridge_mac, l->port->here, address);
}

/* Whether it may have what it requested, and is to be asked for that. */
static bool is_in_request(const struct listener *l)
{
    return l->requested && l->requested != l->claim.known && l->asked < ASKS;
}

/* The claim has changed. */
static void settle(const struct listener *l)
{
    static const enum vt_arp_heed heeds[] = {
        [VT_CLAIM_HEEDS] = VT_ARP_ALL_BUT,
        [VT_CLAIM_ASKS] = VT_ARP_ONLY,
        [VT_CLAIM_RESTS] = VT_ARP_NONE,
    };

    vt_arp_heed(l->fd, &l->mac, heeds[l->claim.state], l->claim.known);
    vt_loop_update_timer(l->timer, vt_claim_patience(&l->claim));
    if (l->claim.state == VT_CLAIM_ASKS)
        ask(l, l->claim.known);
    if (l->claim.state == VT_CLAIM_HEEDS && is_in_request(l))
        vt_loop_update_timer(l->lease_timer, FIRST_ASK);
}

static void on_arp(int watch, int fd, unsigned events, void *data)
{
    struct listener *l = data;
    enum vt_claim_state state = l->claim.state;
    uint32_t known = l->claim.known, address;

    (void)watch;
    (void)events;
    for (unsigned i = 0; i < MANY_FRAMES && vt_arp_read(fd, &l->mac, &address) == 0; i++) {
        if (address && vt_claim_hear(&l->claim, address))
            learn(l);
    }
    if (l->claim.state != state || l->claim.known != known)
        settle(l);
}

static void on_claim_timer(int timer, void *data)
{
    struct listener *l = data;

    (void)timer;
    if (vt_claim_go_on(&l->claim))
        learn(l);
    settle(l);
}

/* ---- what it requests ---- */

static void read_requests(struct listener *l)
{
    uint32_t address;

    for (unsigned i = 0; i < MANY_FRAMES && vt_lease_read(l->lease_fd, &l->mac, &address) == 0;
         i++) {
        if (!address)
            continue;
        l->requested = address;
        l->asked = 0;
    }
}

/* Until the timer nothing more of that wakes us. */
static void on_request(int watch, int fd, unsigned events, void *data)
{
    struct listener *l = data;

    (void)fd;
    (void)events;
    read_requests(l);
    vt_loop_update_fd(watch, 0);
    vt_loop_update_timer(l->lease_timer, FIRST_ASK);
}

static void on_lease_timer(int timer, void *data)
{
    struct listener *l = data;
    bool goes_on;

    read_requests(l);
    /* An answer would go unheard now: settle() goes on when it will not. */
    goes_on = is_in_request(l) && l->claim.state == VT_CLAIM_HEEDS;
    if (goes_on) {
        ask(l, l->requested);
        goes_on = ++l->asked < ASKS;
    }
    vt_loop_update_timer(timer, goes_on ? FIRST_ASK << l->asked : -1);
    vt_loop_update_fd(l->lease_watch, VT_EVENT_READ);
}

/* ---- the beginning ---- */

/* Without it a guest is known as soon as it says anything. */
static void listen_to_requests(struct listener *l)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int fd = vt_lease_listen(l->port->bridge, &l->mac, &err);

    if (fd < 0) {
        vt_warning("%s", err.msg);
        return;
    }
    l->lease_fd = fd;
    l->lease_timer = vt_loop_add_timer(-1, on_lease_timer, l);
    l->lease_watch = vt_loop_add_fd(fd, VT_EVENT_READ, on_request, l);
    if (l->lease_timer < 0 || l->lease_watch < 0)
        vt_warning("the guest's requests are not listened for: no event loop");
}

static void listen_at(struct listener *l, struct vt_lan_port *port)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    /* A guest that is resumed has the address that it had. */
    *l = (struct listener){.port = port, .claim = {.known = port->learned}};
    (void)ether_aton_r(port->mac, &l->mac);
    (void)ether_aton_r(port->bridge_mac, &l->bridge_mac);
    l->fd = vt_arp_listen(port->bridge, &l->mac, l->claim.known, &err);
    if (l->fd < 0) {
        vt_warning("%s", err.msg);
        return;
    }
    l->timer = vt_loop_add_timer(-1, on_claim_timer, l);
    if (l->timer < 0 || vt_loop_add_fd(l->fd, VT_EVENT_READ, on_arp, l) < 0)
        vt_warning("the guest's address is not listened for: no event loop");
    else
        listen_to_requests(l);
}

void vt_lan_watch(struct vt_lan *lan, void (*callback)(void *data), void *data)
{
    /* Without the right, the summary has said so. */
    if (!vt_lan_learns(lan) || lan->deaf)
        return;
    ear.lan = lan;
    ear.callback = callback;
    ear.data = data;
    for (size_t i = 0; i < lan->count; i++)
        listen_at(&ear.list[i], &lan->ports[i]);
}

void vt_lan_watch_anew(void)
{
    for (size_t i = 0; ear.lan && i < ear.lan->count; i++) {
        struct listener *l = &ear.list[i];

        l->claim = (struct vt_claim){.known = l->port->learned};
        if (l->fd >= 0)
            settle(l);
    }
}
