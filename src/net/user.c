/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/user.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/files.h"
#include "host/sandbox.h"
#include "host/spawn.h"
#include "net/arp.h"
#include "net/check.h"
#include "net/dhcp.h"

#define PASST    "/usr/bin/passt"
#define PID_PATH "/run/virtainer-passt.pid"
#define NOBODY   65534U /* whom passt runs as, and its group */

#define START_TIME 20000 /* ms; it takes 0.1 s here */
#define MAX_ARGS   32
#define QEMU_FD    3 /* as vt_run_with() has it */

/* Its own on the guest's network (MAC_OUR_LAA in passt's util.h). */
static const struct ether_addr passt_mac = {{0x9a, 0x55, 0x9a, 0x55, 0x9a, 0x55}};

static int sandbox_error(enum vt_sandbox_step step, int r, struct vt_error *err)
{
    if (step == VT_SANDBOX_USER_NAMESPACE && r == -ENOSPC)
        return vt_error_set(err, VT_CAUSE_NETWORK, r,
                            "user namespaces, in which passt shuts itself off, are switched off on "
                            "the host; allow them there: sysctl user.max_user_namespaces=1000");
    if (step == VT_SANDBOX_USER_NAMESPACE)
        return vt_error_set(err, VT_CAUSE_NETWORK, r,
                            "the container may not make user namespaces (%s), in which passt shuts "
                            "itself off: Docker's seccomp profile forbids it; run it with "
                            "--security-opt seccomp=/usr/share/containers/seccomp.json, which is "
                            "podman's profile, or with --security-opt seccomp=unconfined",
                            strerror(-r));
    return vt_error_set(err, VT_CAUSE_NETWORK, r,
                        "the container may not mount in a user namespace of its own (%s), as passt "
                        "does to shut itself off: Docker's AppArmor profile forbids it; run it "
                        "with --security-opt apparmor=unconfined",
                        strerror(-r));
}

int vt_user_check(struct vt_error *err)
{
    enum vt_sandbox_step step;
    int r = vt_net_check_own(err);

    if (r < 0)
        return r;
    if (access(PASST, X_OK) < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, errno,
                              "cannot run " PASST "; the package is passt");
    r = vt_sandbox_try(NOBODY, NOBODY, &step);
    return r < 0 ? sandbox_error(step, r, err) : 0;
}

int vt_user_check_wishes(const struct vt_config *config, struct vt_error *err)
{
    const struct vt_ports *ports = &config->ports;

    if (config->allow_from.count > 0)
        return vt_error_set(err, VT_CAUSE_USAGE, -EPROTONOSUPPORT,
                            "with NETWORK=user, ALLOW_FROM cannot be kept, and everybody would "
                            "reach the guest: leave it out, or give the container what NETWORK=nat "
                            "needs (--cap-add NET_ADMIN --device /dev/net/tun)");
    if (config->ssh_rate.count > 0)
        return vt_error_set(err, VT_CAUSE_USAGE, -EPROTONOSUPPORT,
                            "with NETWORK=user, SSH_RATE cannot be kept: leave it out, or give the "
                            "container what NETWORK=nat needs (--cap-add NET_ADMIN --device "
                            "/dev/net/tun)");
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->list[i].protocol == VT_PROTOCOL_SCTP)
            return vt_error_set(err, VT_CAUSE_USAGE, -EPROTONOSUPPORT,
                                "PORTS has an SCTP port, and NETWORK=user knows TCP and UDP only: "
                                "leave it out, or use NETWORK=nat");
    }
    return 0;
}

int vt_user_plan_make(const struct vt_ports *ports, const struct vt_net_view *view, const char *mac,
                      const char *kept, struct vt_net_plan *ret, struct vt_error *err)
{
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {
        .user = true,
        .gateway = VT_USER_HOST,
        .ports = *ports,
    };
    struct in_addr in;

    vt_net_plan_uplink(view, &plan);
    if (plan.container == 0)
        return vt_error_set(err, VT_CAUSE_NETWORK, -EADDRNOTAVAIL,
                            "the container has no IPv4 address, which NETWORK=user gives to the "
                            "guest; attach the container to a network, or use NETWORK=none");
    plan.guest = kept && inet_pton(AF_INET, kept, &in) == 1 ? ntohl(in.s_addr) : plan.container;
    (void)snprintf(plan.mac, sizeof(plan.mac), "%s", mac);
    *ret = plan;
    plan.reason = NULL;
    return 0;
}

/* passt's list of the ports of @protocol: "22,8080:80,6000-6010"; or @all of them, when none is
 * named at all. */
static char *port_list(const struct vt_ports *ports, enum vt_protocol protocol, const char *all)
{
    VT_AUTO_BUF struct vt_buf list = VT_BUF_INIT(65536);

    if (ports->count == 0)
        return vt_strdup(all);
    for (size_t i = 0; i < ports->count; i++) {
        const struct vt_port *port = &ports->list[i];

        if (port->protocol != protocol)
            continue;
        vt_buf_addf(&list, "%s%u", list.len > 0 ? "," : "", port->first);
        if (port->last != port->first)
            vt_buf_addf(&list, "-%u", port->last);
        else if (port->inside != port->first)
            vt_buf_addf(&list, ":%u", port->inside);
    }
    return list.len > 0 ? vt_buf_take(&list) : vt_strdup("none");
}

char **vt_user_argv(const struct vt_net_plan *plan, bool connected)
{
    char **argv = vt_calloc(MAX_ARGS, sizeof(*argv));
    size_t n = 0;

    argv[n++] = vt_strdup(PASST);
    argv[n++] = vt_strdup("--quiet");
    argv[n++] = vt_strdup("--runas");
    argv[n++] = vt_fmt("%u:%u", NOBODY, NOBODY);
    argv[n++] = vt_strdup(connected ? "--fd" : "--socket");
    argv[n++] = connected ? vt_fmt("%d", QEMU_FD) : vt_strdup(VT_USER_SOCKET);
    argv[n++] = vt_strdup("--pid");
    argv[n++] = vt_strdup(PID_PATH);
    argv[n++] = vt_strdup("--interface");
    argv[n++] = vt_strdup(plan->uplink);
    /* Only when it is another than passt would take: with it comes another netmask than that one's.
     */
    if (plan->guest != plan->container) {
        argv[n++] = vt_strdup("--address");
        argv[n++] = vt_strdup(vt_ip_text(plan->guest).s);
    }
    /* By default the gateway's address would mean the container's loopback: the guest could reach
     * what others in a pod listen on there, and not the gateway. */
    argv[n++] = vt_strdup("--no-map-gw");
    argv[n++] = vt_strdup("--dns-forward");
    argv[n++] = vt_strdup(vt_ip_text(plan->gateway).s);
    /* VT_USER_PORTS. By what is left out: a port that somebody else has is then no error. */
    argv[n++] = vt_strdup("--tcp-ports");
    argv[n++] = port_list(&plan->ports, VT_PROTOCOL_TCP, "~10000-65535");
    argv[n++] = vt_strdup("--udp-ports");
    argv[n++] = port_list(&plan->ports, VT_PROTOCOL_UDP, "~1024-65535");
    return argv;
}

/* What passt said, on one line. */
static char *words_of(struct vt_buf *said)
{
    char *text = vt_strdup(vt_buf_str(said));
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    for (char *c = text; *c; c++) {
        if (*c == '\n')
            *c = ';';
    }
    return text;
}

static int read_pid(pid_t *ret)
{
    VT_AUTO_FREE char *text = NULL;
    uint64_t pid;
    int r = vt_file_read(PID_PATH, 64, &text, NULL);

    if (r < 0)
        return r;
    text[strcspn(text, "\n")] = '\0';
    if (vt_parse_u64(text, INT32_MAX, &pid) < 0 || pid <= 1)
        return -EBADMSG;
    *ret = (pid_t)pid;
    return 0;
}

/* With what there is to run it with; it goes to the background when it is ready, and is then ours
 * as a subreaper's. */
static pid_t run_passt(const struct vt_net_plan *plan, const int *qemu, int cancel_fd,
                       struct vt_error *err)
{
    VT_CLEANUP(vt_strv_freep) char **argv = vt_user_argv(plan, qemu);
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(16384);
    VT_AUTO_FREE char *words = NULL;
    pid_t pid = 0;
    int r;

    (void)unlink(PID_PATH);
    r = vt_run_with((const char *const *)argv, qemu, qemu ? 1 : 0, NULL, &said, cancel_fd,
                    START_TIME, err);
    if (r < 0)
        return r;
    words = words_of(&said);
    if (r > 0)
        return vt_error_set(err, VT_CAUSE_NETWORK, -EIO,
                            "passt, which is the guest's network, does not start: %s", words);
    r = read_pid(&pid);
    return r < 0 ? vt_error_errno(err, VT_CAUSE_NETWORK, -r, "cannot find passt after its start")
                 : pid;
}

pid_t vt_user_start(const struct vt_net_plan *plan, int cancel_fd, struct vt_error *err)
{
    pid_t pid = run_passt(plan, NULL, cancel_fd, err);

    /* QEMU runs as another user than passt. */
    if (pid > 0 && chmod(VT_USER_SOCKET, 0666) < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, errno, "cannot open passt's socket to QEMU");
    return pid;
}

/*
 * passt learns the guest's MAC from what the guest says, and one that begins with a connection
 * sends to none before that (2025_05_03): so the guest is made to say something, as if passt had
 * asked. On the socket each frame has its length in front (QEMU's net/stream.c).
 */
static void greet_guest(const struct vt_net_plan *plan, int qemu)
{
    struct {
        uint32_t length;
        uint8_t frame[VT_ARP_FRAME];
    } greeting = {.length = htonl(VT_ARP_FRAME)};

    vt_arp_request(&passt_mac, plan->gateway, plan->guest, greeting.frame);
    (void)!send(qemu, &greeting, sizeof(greeting), MSG_DONTWAIT | MSG_NOSIGNAL);
}

pid_t vt_user_start_for(const struct vt_net_plan *plan, int qemu, int cancel_fd,
                        struct vt_error *err)
{
    greet_guest(plan, qemu);
    return run_passt(plan, &qemu, cancel_fd, err);
}

int vt_user_listen(struct vt_error *err)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = VT_USER_SOCKET};
    VT_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)unlink(VT_USER_SOCKET);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(VT_USER_SOCKET, 0666) < 0 || listen(fd, 1) < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, errno, "cannot wait for QEMU at %s",
                              VT_USER_SOCKET);
    return VT_TAKE_FD(fd);
}

void vt_user_end(pid_t pid)
{
    siginfo_t info;

    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        return;
    /* It has nothing to save. */
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}
