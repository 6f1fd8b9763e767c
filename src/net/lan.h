/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NETWORK=bridge: the guest takes the container's place on the container's own networks, with its
 * MAC and IP addresses. Pure: lan_apply.h carries it out. docs/networking.md has the picture.
 */
#pragma once

#include "config/config.h"
#include "net/addr.h"

/* Cards that a guest can have: it has one for each network of the container. */
#define VT_LAN_PORTS 8

/* Where the guest's cards reach the container: 169.254.100.1 and on. Link-local, so they are
 * nobody's; not podman's. */
#define VT_LAN_HERE "169.254.100.0/28"

/* One interface of the container, its bridge, and the guest's card on that. */
struct vt_lan_port {
    char *record; /* what the uplink has, lan_record.h */
    char *routes; /* what DHCP's option 121 is to say, as dnsmasq takes it; NULL: no need of it */
    unsigned mtu; /* of the uplink */
    unsigned card_mtu; /* of the guest's card, as struct vt_domain_card has it */
    uint32_t here;     /* where the guest reaches the container; host order, as all addresses */
    uint32_t guest; /* the container's address; 0: there is none, the network's DHCP gives it… */
    uint32_t learned;         /* …and this is it by the guest's own word; 0: not known */
    unsigned prefix;          /* of its network */
    uint32_t gateway;         /* of its default route; 0: none */
    struct in6_addr guest6;   /* the container's IPv6 address in a /64; zeroes: none… */
    struct in6_addr gateway6; /* …that of its default route; zeroes: none… */
    struct in6_addr here6;    /* …and the bridge's in the same /64, for dnsmasq's sake alone… */
    struct in6_addr router6;  /* …and its link-local one, which is the guest's router */
    char uplink[IFNAMSIZ];
    char bridge[IFNAMSIZ];
    char uplink_mac[VT_MAC_TEXT]; /* at the start */
    char bridge_mac[VT_MAC_TEXT]; /* never seen outside */
    char mac[VT_MAC_TEXT];        /* the guest's */
    char gateway6_mac[VT_MAC_TEXT];
    char gateway_mac[VT_MAC_TEXT]; /* "" while it is not known: vt_lan_take() asks */
    bool given6;                   /* the engine gave the container an IPv6 address there */
};

struct vt_lan {
    struct vt_lan_port ports[VT_LAN_PORTS]; /* by the names of the interfaces */
    size_t count;
    size_t first;      /* the one with the container's way out, else the first with an address */
    uint32_t *servers; /* that the guest asks for names; none: at `here` is one */
    size_t server_count;
    char *search; /* as in the view */
    char *notice; /* a sentence about what the guest does not get, or NULL */
    bool deaf;    /* the container may not listen for the guest's address */
};

/*
 * Plan for the container that @view shows. Errors name what to do: no interface that can be taken,
 * too many, ipvlan, another virtainer. @ret is owned by the caller, see vt_lan_free().
 */
int vt_lan_plan(const struct vt_net_view *view, struct vt_lan **ret,
                struct vt_error *err) VT_MUST_CHECK;

/* One more thing for lan->notice; @sentence becomes its own. */
void vt_lan_add_notice(struct vt_lan *lan, char *sentence);

/* Whether it can do what PORTS, ALLOW_FROM and SSH_RATE in @config ask for: nothing is between the
 * guest and its networks. VT_CAUSE_USAGE. */
int vt_lan_check_wishes(const struct vt_config *config, struct vt_error *err) VT_MUST_CHECK;
void vt_lan_free(struct vt_lan *lan);

/* Whether @port's guest asks us for its address: it is the container's. */
static inline bool vt_lan_serves(const struct vt_lan_port *port)
{
    return port->guest != 0;
}

/* The same of the IPv6 address. */
bool vt_lan_serves6(const struct vt_lan_port *port);

/*
 * Whether the container learns the guest's address from the guest: where no port has one of the
 * engine's. Else it is known by that, and what the guest says of another port must not lead there
 * what the container asks the world.
 */
bool vt_lan_learns(const struct vt_lan *lan);

/*
 * Whether that may come to something: the container may listen, and to a network of which the
 * engine's word is not that it has IPv6 alone.
 */
bool vt_lan_may_learn(const struct vt_lan *lan);

/* The guest's address: that of the first port, else the first that is learned; 0: not known. */
uint32_t vt_lan_address(const struct vt_lan *lan);

/* Whether there is a port of which either is true. */
bool vt_lan_serves_any(const struct vt_lan *lan);

/* The container may not advertise itself: the guest is told no IPv6 address. @flags are what it
 * lacks for that. */
void vt_lan_drop_ip6(struct vt_lan *lan, const char *flags);

/* The container may not listen for the guest's address, where it would have to: say so. */
void vt_lan_cannot_learn(struct vt_lan *lan);

/* Whether the container itself has a way out, with the guest's address. */
bool vt_lan_has_way_out(const struct vt_lan *lan);

/*
 * What a guest that is saved has to find again, owned by the caller: for each card its MAC, its
 * address, its MTU and its IPv6 address. An address that was learned is behind "0.0.0.0~".
 */
char *vt_lan_text(const struct vt_lan *lan);

/*
 * Give the guest the MACs and MTUs of @text, as vt_lan_text() made it, and note what was learned.
 * Returns false, and has changed nothing, when its addresses are not the container's.
 */
bool vt_lan_resume(struct vt_lan *lan, const char *text) VT_MUST_CHECK;

/*
 * The commands for nft, owned by the caller, as vt_nat_ruleset()'s: one transaction, which with
 * @fresh fails where our tables are already.
 */
char *vt_lan_ruleset(const struct vt_lan *lan, bool fresh);
/* Those that take our tables away. */
char *vt_lan_no_ruleset(void);
