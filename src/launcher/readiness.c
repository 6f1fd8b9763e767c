/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. SSH: launcher/knock.h. cloud-init: its lines on the console tell its begin
 * and its end at every boot. phone_home tells the end of an instance's first boot too, also where
 * the console is mute, but comes a moment before cloud-init's own last words, and knows nothing of
 * errors. So after it we wait a little for the console; and where a guest agent is, its reading of
 * cloud-init's files decides: they are written after the last words. A guest that was resumed has
 * said all that before: what was known then is kept in the data directory.
 */
#include "launcher/readiness.h"

#include <json-c/json.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"
#include "host/files.h"
#include "host/loop.h"
#include "host/worker.h"
#include "launcher/cloud_ask.h"
#include "launcher/cloud_report.h"
#include "launcher/knock.h"
#include "launcher/repeats.h"
#include "launcher/ssh_files.h"
#include "launcher/wait.h"

/* Milliseconds. */
/* A guest that goes on where it was has its processor for who waits for it: to answer a knock, its
 * SSH server starts a program. */
#define RESUMED_PAUSE 1000
#define CONSOLE_TIME  20000 /* from phone_home to the last words, on a console that speaks */
#define MUTE_TIME     1000  /* the same where it said nothing so far */
#define ASK_PAUSE     500   /* between two questions to the agent near the end */
#define MUTE_PAUSE    3000  /* and far from it, when the console is mute */
#define SSH_LAST_TIME 10000 /* for SSH to answer after cloud-init's end */

/* How often the agent is asked. */
#define ASKS_AT_END 10
#define ASKS_MUTE   400

#define RECORD_NAME "ready"
#define RECORD_MAX  65536
/* More than what cloud-init's report comes to. */
#define DETAIL_MAX 1024

struct vt_readiness {
    struct vt_status *status;
    const struct vt_prepared *prepared;
    struct vt_vm *vm;
    void (*on_change)(void *data);
    void *data;
    int64_t began; /* ms */
    unsigned boot; /* counted, to know what was asked in another one */
    bool announced;

    struct vt_knock *knock;

    struct vt_cloud_report report;
    bool concluded;
    bool phoned; /* phone_home has called in this boot */
    struct vt_repeats kexecs;
    size_t keys_kept; /* how many of the report's are in known_hosts */
    int end_timer;    /* the end is known, its last words are not */
    int ask_timer;
    int asks; /* that are left */
    bool asking;
    struct vt_worker *worker; /* NULL until the agent is asked first */
    int announce_timer;
};

static struct vt_ready *ready(struct vt_readiness *r)
{
    return &r->status->ready;
}

/* ---- the line in the log ---- */

static void announce(struct vt_readiness *r)
{
    const struct vt_ready *is = ready(r);
    const char *address = r->status->address ? r->status->address : r->status->guest_address;
    VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(8192);
    double seconds = (double)(vt_now_ms() - r->began) / 1000.0;

    r->announced = true;
    vt_loop_update_timer(r->announce_timer, -1);
    vt_buf_addf(&text,
                "%s after %.1f s: ", is->cloud_init == VT_CLOUD_INIT_ERROR ? "not ready" : "ready",
                seconds);
    if (is->detail)
        vt_buf_adds(&text, is->detail);
    if (is->passed[VT_MILESTONE_SSH])
        vt_buf_addf(&text, "%sSSH answers at %s", is->detail ? "; " : "", address);
    else if (r->status->guest_address)
        vt_buf_adds(&text, "; SSH does not answer");
    if (is->cloud_init == VT_CLOUD_INIT_ERROR || is->cloud_init == VT_CLOUD_INIT_DEGRADED)
        vt_warning("%s", vt_buf_str(&text));
    else
        vt_info("%s", vt_buf_str(&text));
}

static void on_announce_timer(int timer, void *data)
{
    (void)timer;
    announce(data);
}

/* Once the guest is ready, say so; or wait for SSH a little, if that alone is missing. */
static void consider_announcing(struct vt_readiness *r)
{
    bool no_news = ready(r)->cloud_init == VT_CLOUD_INIT_UNSEEN && !r->status->guest_address;

    if (r->announced || no_news)
        return;
    if (vt_wait_judge(r->status, VT_MILESTONE_READY) != VT_WAIT_ON)
        announce(r);
    else if (r->concluded)
        vt_loop_update_timer(r->announce_timer, SSH_LAST_TIME);
}

static void changed(struct vt_readiness *r)
{
    r->on_change(r->data);
    consider_announcing(r);
}

static void pass(struct vt_readiness *r, enum vt_milestone milestone)
{
    if (ready(r)->passed[milestone])
        return;
    ready(r)->passed[milestone] = time(NULL);
    vt_log_event("ready", "milestone", vt_milestone_name(milestone));
    changed(r);
}

/* ---- SSH ---- */

/* A knock at the guest's SSH port came to @result. */
static void on_knock(enum vt_probe_result result, void *data)
{
    struct vt_readiness *r = data;

    if (result >= VT_PROBE_ALIVE)
        pass(r, VT_MILESTONE_NETWORK);
    if (result == VT_PROBE_SSH)
        pass(r, VT_MILESTONE_SSH);
}

/* ---- host keys ---- */

static void keep_keys(struct vt_readiness *r, const struct vt_host_keys *keys, const char *instance)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    bool is_new = false;

    if (keys->count == 0 || !r->status->guest_address)
        return;
    if (vt_ssh_keep_hosts(&r->prepared->data, keys, r->status->guest_address, instance, &is_new,
                          &err) < 0)
        vt_warning("%s", err.msg);
    else if (is_new)
        vt_warning("the guest's SSH host keys are others than before, though it is the same "
                   "instance (%s): the new ones are noted for virtainer ssh",
                   instance);
}

static void keep_console_keys(struct vt_readiness *r)
{
    const char *instance = r->prepared->seed.instance_id;

    if (r->report.keys.count == r->keys_kept || !r->status->guest_address)
        return;
    keep_keys(r, &r->report.keys, instance ? instance : "");
    r->keys_kept = r->report.keys.count;
}

/* ---- cloud-init ---- */

static void write_record(struct vt_readiness *r)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(&r->prepared->data, RECORD_NAME);
    struct json_object *object = vt_ready_to_json(ready(r));
    const char *text = json_object_to_json_string(object);

    if (vt_file_write(path, text, strlen(text), 0644, r->prepared->data.path) < 0)
        vt_warning("cannot write %s", path);
    (void)json_object_put(object);
}

/* Whether @text is a line that can be shown; it lay where anybody may have written it. */
static bool is_line(const char *text)
{
    size_t len = strlen(text);

    return len <= DETAIL_MAX && vt_text_is_utf8(text, len) &&
           !vt_text_has_control(text, len, false);
}

/* What was known when the guest was saved. */
static void read_record(struct vt_readiness *r)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(&r->prepared->data, RECORD_NAME);
    VT_AUTO_FREE char *text = NULL;
    struct json_object *object;
    struct vt_ready was;

    if (vt_file_read(path, RECORD_MAX, &text, NULL) < 0)
        return;
    object = json_tokener_parse(text);
    vt_ready_from_json(object, &was);
    (void)json_object_put(object);
    ready(r)->cloud_init = was.cloud_init;
    ready(r)->cloud_init_at = was.cloud_init_at;
    if (was.detail && !is_line(was.detail))
        vt_str_replace(&was.detail, NULL);
    vt_str_replace(&ready(r)->detail, VT_TAKE_PTR(was.detail));
    r->concluded = was.cloud_init > VT_CLOUD_INIT_PENDING;
}

static void remove_record(const struct vt_readiness *r)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(&r->prepared->data, RECORD_NAME);

    (void)unlink(path);
}

/* Take over what the report says. Its end counts only when it is @final. */
static void take_report(struct vt_readiness *r, bool final)
{
    enum vt_cloud_init state = vt_cloud_report_state(&r->report);

    if (state > VT_CLOUD_INIT_PENDING && !final)
        state = VT_CLOUD_INIT_PENDING;
    if (state == ready(r)->cloud_init)
        return;
    ready(r)->cloud_init = state;
    ready(r)->cloud_init_at = time(NULL);
    vt_str_replace(&ready(r)->detail, final ? vt_cloud_report_text(&r->report) : NULL);
    if (final)
        write_record(r);
    if (state != VT_CLOUD_INIT_UNSEEN)
        vt_log_event("ready", "cloud_init", vt_cloud_init_name(state));
    changed(r);
}

static void conclude(struct vt_readiness *r)
{
    if (r->concluded)
        return;
    r->concluded = true;
    r->asks = 0;
    r->report.ended = true;
    vt_loop_update_timer(r->end_timer, -1);
    vt_loop_update_timer(r->ask_timer, -1);
    take_report(r, true);
    /* cloud-init has ended, so the guest has a network if it will ever have one. */
    if (!ready(r)->passed[VT_MILESTONE_SSH])
        vt_knock_after(r->knock, 0);
}

struct question {
    struct vt_readiness *readiness;
    unsigned boot; /* in which it was asked */
    char *name;
    int result;
    char *text;
    bool ended;
    struct vt_error err;
};

static void ask_on_worker(void *data)
{
    struct question *q = data;

    q->result = vt_cloud_ask(q->name, &q->text, &q->ended, &q->err);
}

/* What the agent says decides, as soon as it is final; an agent that says nothing may do so later,
 * but is not waited for at the end. */
static void take_answer(struct vt_readiness *r, const struct question *q)
{
    bool told = q->result == 0 && q->ended && vt_cloud_report_status(&r->report, q->text) == 0;

    if (r->concluded)
        return;
    if (told || (r->report.ended && (q->result < 0 || r->asks == 0))) {
        conclude(r);
        return;
    }
    if (q->result == 0) {
        r->report.begun = true;
        take_report(r, false);
    }
    if (r->asks > 0)
        vt_loop_update_timer(r->ask_timer, r->report.ended ? ASK_PAUSE : MUTE_PAUSE);
}

static void on_answered(void *data)
{
    struct question *q = data;
    struct vt_readiness *r = q->readiness;

    vt_debug("the agent on cloud-init: %s",
             q->result < 0 ? q->err.msg : (q->ended ? "it has ended" : "it has not ended"));
    r->asking = false;
    /* What it says of another boot means nothing; this one's question may have waited for it. */
    if (q->boot == r->boot)
        take_answer(r, q);
    else if (r->asks > 0)
        vt_loop_update_timer(r->ask_timer, 0);
    vt_error_done(&q->err);
    free(q->text);
    free(q->name);
    free(q);
}

static void ask(struct vt_readiness *r)
{
    struct question *q;

    vt_loop_update_timer(r->ask_timer, -1);
    if (r->asking || r->concluded)
        return;
    /* Not the launcher's, as an agent may take its time, and a stop must not wait for it. */
    if (!r->worker && vt_worker_new(&r->worker, NULL) < 0) {
        if (r->report.ended)
            conclude(r);
        return;
    }
    q = vt_calloc(1, sizeof(*q));
    q->readiness = r;
    q->boot = r->boot;
    q->name = vt_strdup(r->status->name);
    r->asking = true;
    r->asks--;
    vt_worker_submit(r->worker, ask_on_worker, on_answered, q);
}

static void on_ask_timer(int timer, void *data)
{
    (void)timer;
    ask(data);
}

/* cloud-init has said its last words, or should have. */
static void begin_end(struct vt_readiness *r)
{
    vt_loop_update_timer(r->end_timer, -1);
    r->report.ended = true;
    take_report(r, false);
    if (!vt_vm_has_agent(r->vm)) {
        conclude(r);
        return;
    }
    r->asks = ASKS_AT_END;
    ask(r);
}

static void on_end_timer(int timer, void *data)
{
    (void)timer;
    begin_end(data);
}

/*
 * Whether another boot that no event told of is believed. What is noted of a boot waits for the
 * disk, and whoever writes on the console can tell of as many as they like.
 */
static bool is_another_boot(struct vt_readiness *r)
{
    unsigned count;

    return vt_repeats_note(&r->kexecs, vt_now_ms(), &count) != VT_REPEAT_SILENT;
}

void vt_readiness_console(const char *data, size_t len, void *readiness)
{
    struct vt_readiness *r = readiness;
    bool ended = r->report.ended, begun = r->report.begun;

    vt_cloud_report_console(&r->report, data, len);
    keep_console_keys(r);
    if (ended && !r->report.ended && is_another_boot(r)) {
        /* By kexec. */
        r->boot++;
        r->concluded = r->announced = r->phoned = false;
        r->began = vt_now_ms();
    }
    if (!r->concluded && r->report.ended && !ended)
        begin_end(r);
    else if (!r->concluded && (r->report.begun != begun || r->report.ended != ended))
        take_report(r, false);
}

static void on_phone_home(const struct vt_phone_call *call, void *data)
{
    struct vt_readiness *r = data;
    bool speaks = r->report.begun;

    vt_debug("cloud-init's phone_home: instance %s, host %s, %zu host keys", call->instance_id,
             call->hostname, call->keys.count);
    pass(r, VT_MILESTONE_NETWORK);
    /* cloud-init calls once; anybody in the guest can, as often as they like. */
    if (r->concluded || r->phoned)
        return;
    r->phoned = true;
    keep_keys(r, &call->keys, call->instance_id);
    if (r->report.ended)
        return;
    r->report.begun = true;
    take_report(r, false);
    vt_loop_update_timer(r->end_timer, speaks ? CONSOLE_TIME : MUTE_TIME);
}

void vt_readiness_agent(struct vt_readiness *r)
{
    /* A console that speaks tells the end by itself. */
    if (r->concluded || r->report.begun || r->asks > 0)
        return;
    r->asks = ASKS_MUTE;
    vt_loop_update_timer(r->ask_timer, MUTE_PAUSE);
}

/* ---- life ---- */

struct vt_readiness *vt_readiness_new(struct vt_status *status, const struct vt_prepared *prepared,
                                      struct vt_vm *vm, void (*on_change)(void *data), void *data)
{
    struct vt_readiness *r = vt_calloc(1, sizeof(*r));

    *r = (struct vt_readiness){
        .status = status,
        .prepared = prepared,
        .vm = vm,
        .on_change = on_change,
        .data = data,
        .began = vt_now_ms(),
        .end_timer = vt_loop_add_timer(-1, on_end_timer, r),
        .ask_timer = vt_loop_add_timer(-1, on_ask_timer, r),
        .announce_timer = vt_loop_add_timer(-1, on_announce_timer, r),
    };
    vt_cloud_report_init(&r->report, prepared->phone_home != NULL);
    if (prepared->phone_home)
        vt_phone_home_on_call(prepared->phone_home, on_phone_home, r);
    /* Before the guest runs, so that no news is missed. */
    r->knock = vt_knock_new(status, &prepared->net, on_knock, r);
    return r;
}

void vt_readiness_begin(struct vt_readiness *r, bool resumed)
{
    /* First, so that it is told with the milestone: where there is no network, that is the last. */
    if (resumed)
        read_record(r);
    else
        remove_record(r);
    pass(r, VT_MILESTONE_RUNNING);
    if (resumed || r->prepared->net.user)
        vt_knock_after(r->knock, resumed ? RESUMED_PAUSE : 0);
    if (resumed && vt_vm_has_agent(r->vm))
        vt_readiness_agent(r);
}

void vt_readiness_address(struct vt_readiness *r)
{
    keep_console_keys(r);
    if (!ready(r)->passed[VT_MILESTONE_SSH])
        vt_knock_after(r->knock, 0);
}

void vt_readiness_reboot(struct vt_readiness *r)
{
    int64_t running = ready(r)->passed[VT_MILESTONE_RUNNING];

    vt_cloud_report_done(&r->report);
    vt_cloud_report_init(&r->report, r->prepared->phone_home != NULL);
    vt_loop_update_timer(r->end_timer, -1);
    vt_loop_update_timer(r->ask_timer, -1);
    vt_loop_update_timer(r->announce_timer, -1);
    r->boot++;
    r->concluded = r->announced = r->phoned = false;
    r->keys_kept = 0;
    r->asks = 0;
    r->began = vt_now_ms();
    vt_ready_done(ready(r));
    ready(r)->passed[VT_MILESTONE_RUNNING] = running;
    remove_record(r);
    vt_knock_after(r->knock, 0);
    changed(r);
}
