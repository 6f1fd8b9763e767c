/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
/*
 * Theory of operation. The guest's card and the container's interface are two ports of a bridge, and
 * what comes in by one goes out by the other. The container itself, whose address the guest has, is
 * at the bridge with a link-local one that only the guest knows:
 *
 * prerouting  What the guest sends there it sends to its gateway's MAC, as it has no route to it:
 *             such frames are turned to the container. So are the answers to what the container
 *             asked the world with the guest's address, known by the port that it asked from. From
 *             outside nobody uses our link-local address, or gives the guest another lease.
 *             Where the container has an IPv6 address that no router gave it, the container's router
 *             advertisement gives it to the guest, as that cannot come from the network's gateway:
 *             what the guest then sends to the container is turned on to that.
 * input       Nothing else of what comes by the interface reaches the container.
 * forward     The guest's questions to us stay inside.
 * output      All that the container sends out is what it asks, under the guest's MAC and address:
 *             switches that know one MAC for a port see no other.
 *
 * The inet table gives the container's questions the guest's address. It leaves them their source
 * port where it can; that the guest asks the same server from the same port at the same time is as
 * likely as that two hosts behind an address translation do.
 */
/* clang-format on */
#include "net/lan.h"
#include "net/rules.h"

/* Frames that were turned to the container. */
#define MARK "0x76697274"
/* How long an answer may take. Questions by UDP are many (names) and answered soon or never. */
#define PATIENCE_TCP "3m"
#define PATIENCE_UDP "30s"
/* Of questions that are waited for at a time: what is asked beyond them is dropped. */
#define MAX_ASKED "65536"
/* Where a bridge's filters are by custom (NF_BR_PRI_FILTER_BRIDGED). Not 0: frames that
 * br_netfilter takes through the rules of IP, as on every host with Docker, pass by the chains of
 * that number. */
#define BRIDGED "-200"
/* Of IPv4 alone, so that ports are where they are looked for. */
#define WITH_PORTS "ip protocol { tcp, udp } "

static void begin_chain(struct vt_buf *out, const char *name, const char *priority)
{
    vt_buf_addf(out, "\tchain %s {\n\t\ttype filter hook %s priority %s; policy accept;\n", name,
                name, priority);
}

/* The container's interfaces, as a set of names. */
static char *uplinks_text(const struct vt_lan *lan)
{
    struct vt_buf text = VT_BUF_INIT(1024);

    for (size_t i = 0; i < lan->count; i++)
        vt_buf_addf(&text, "%s\"%s\"", i > 0 ? ", " : "", lan->ports[i].uplink);
    return vt_buf_take(&text);
}

static bool asks(const struct vt_lan *lan, const struct vt_lan_port *port)
{
    return port == &lan->ports[lan->first] && vt_lan_has_way_out(lan);
}

static void add_turning(struct vt_buf *out, const struct vt_lan *lan,
                        const struct vt_lan_port *port, const char *uplinks)
{
    static const char to_us[] = "meta mark set " MARK " meta pkttype set host ether daddr set";

    vt_buf_addf(out, "\t\tiifname != { %s } ip daddr %s %s %s\n", uplinks, vt_ip_text(port->here).s,
                to_us, port->bridge_mac);
    if (asks(lan, port))
        vt_buf_addf(out,
                    "\t\tiifname \"%s\" ip daddr %s " WITH_PORTS
                    "ip saddr . ip protocol . th sport . th dport @asked %s %s\n",
                    port->uplink, vt_ip_text(port->guest).s, to_us, port->bridge_mac);
    if (vt_lan_serves(port))
        vt_buf_addf(out, "\t\tiifname \"%s\" udp sport 67 udp dport 68 drop\n", port->uplink);
    if (vt_lan_serves6(port))
        vt_buf_addf(out, "\t\tiifname \"%s\" udp sport 547 udp dport 546 drop\n", port->uplink);
    if (port->gateway6_mac[0])
        vt_buf_addf(out,
                    "\t\tiifname != { %s } ether daddr %s ip6 daddr != { fe80::/10, %s } "
                    "ether daddr set %s\n",
                    uplinks, port->bridge_mac, vt_ip6_text(&port->here6).s, port->gateway6_mac);
}

static void add_asking(struct vt_buf *out, const struct vt_lan_port *port, const char *protocol,
                       const char *patience)
{
    vt_buf_addf(out,
                "\t\toifname \"%s\" ip saddr %s ip protocol %s update @asked { ip daddr . ip "
                "protocol . th dport . th sport timeout %s } ether saddr set %s accept\n",
                port->uplink, vt_ip_text(port->guest).s, protocol, patience, port->mac);
}

static void add_output(struct vt_buf *out, const struct vt_lan *lan)
{
    const struct vt_lan_port *port = &lan->ports[lan->first];
    struct vt_ip_text guest = vt_ip_text(port->guest);

    if (!asks(lan, port))
        return;
    add_asking(out, port, "tcp", PATIENCE_TCP);
    add_asking(out, port, "udp", PATIENCE_UDP);
    /* The gateway's MAC is not known to the bridge, which tries every port. */
    vt_buf_addf(out, "\t\tip saddr %s drop\n", guest.s);
}

static void add_prerouting(struct vt_buf *out, const struct vt_lan *lan, const char *uplinks)
{
    static const char *const ours[] = {"ip saddr", "ip daddr", "arp saddr ip", "arp daddr ip"};

    begin_chain(out, "prerouting", "-300");
    for (size_t i = 0; i < VT_ARRAY_SIZE(ours); i++)
        vt_buf_addf(out, "\t\tiifname { %s } %s " VT_LAN_HERE " drop\n", uplinks, ours[i]);
    for (size_t i = 0; i < lan->count; i++)
        add_turning(out, lan, &lan->ports[i], uplinks);
    vt_buf_adds(out, "\t}\n");
}

static void add_bridge_table(struct vt_buf *out, const struct vt_lan *lan)
{
    VT_AUTO_FREE char *uplinks = uplinks_text(lan);

    vt_buf_adds(out, "table bridge " VT_RULES_TABLE " {\n"
                     "\tset asked {\n"
                     "\t\ttype ipv4_addr . inet_proto . inet_service . inet_service\n"
                     "\t\tsize " MAX_ASKED "; flags dynamic,timeout; timeout " PATIENCE_TCP ";\n"
                     "\t}\n");
    add_prerouting(out, lan, uplinks);
    begin_chain(out, "input", BRIDGED);
    vt_buf_addf(out, "\t\tiifname { %s } meta mark != " MARK " drop\n\t}\n", uplinks);
    begin_chain(out, "forward", BRIDGED);
    vt_buf_addf(out, "\t\toifname { %s } ip daddr " VT_LAN_HERE " drop\n", uplinks);
    vt_buf_addf(out, "\t\toifname { %s } arp daddr ip " VT_LAN_HERE " drop\n", uplinks);
    for (size_t i = 0; i < lan->count; i++) {
        if (vt_lan_serves(&lan->ports[i]))
            vt_buf_addf(out, "\t\toifname \"%s\" udp sport 68 udp dport 67 drop\n",
                        lan->ports[i].uplink);
        if (vt_lan_serves6(&lan->ports[i]))
            vt_buf_addf(out, "\t\toifname \"%s\" udp sport 546 udp dport 547 drop\n",
                        lan->ports[i].uplink);
    }
    vt_buf_adds(out, "\t}\n");
    begin_chain(out, "output", "0");
    add_output(out, lan);
    vt_buf_addf(out, "\t\toifname { %s } drop\n\t}\n}\n", uplinks);
}

static void add_inet_table(struct vt_buf *out, const struct vt_lan *lan)
{
    const struct vt_lan_port *port = &lan->ports[lan->first];
    struct vt_ip_text guest = vt_ip_text(port->guest);

    vt_buf_adds(out, "table inet " VT_RULES_TABLE " {\n\tchain postrouting {\n"
                     "\t\ttype nat hook postrouting priority 100; policy accept;\n");
    if (vt_lan_has_way_out(lan)) {
        vt_buf_addf(out, "\t\toifname \"%s\" ip saddr %s ", port->bridge, vt_ip_text(port->here).s);
        vt_buf_addf(out, "ip daddr != %s snat ip to %s\n", guest.s, guest.s);
    }
    vt_buf_adds(out, "\t}\n}\n");
}

/* "add" first, so that there is something to delete. */
#define NO_TABLE(family)                        \
    "add table " family " " VT_RULES_TABLE "\n" \
    "delete table " family " " VT_RULES_TABLE "\n"

char *vt_lan_no_ruleset(void)
{
    return vt_strdup(NO_TABLE("bridge") NO_TABLE("inet"));
}

char *vt_lan_ruleset(const struct vt_lan *lan, bool fresh)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(65536);

    vt_buf_adds(&out, fresh ? "create table bridge " VT_RULES_TABLE
                              "\ncreate table inet " VT_RULES_TABLE "\n"
                            : NO_TABLE("bridge") NO_TABLE("inet"));
    add_bridge_table(&out, lan);
    add_inet_table(&out, lan);
    return vt_buf_take(&out);
}
