/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said on the launcher's control socket, as in docs/control-protocol.md: one JSON object a
 * line, requests from the commands in `docker exec`, answers from the launcher. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

/* The longest line either side takes, with its newline. */
#define VT_PROTOCOL_LINE_MAX 65536
/* In seconds; the same as GRACE_PERIOD's limit. */
#define VT_PROTOCOL_GRACE_MAX 86400
/* More history than this is never kept. */
#define VT_PROTOCOL_HISTORY_MAX 65536

enum vt_request_kind {
    VT_REQUEST_STOP,    /* stop the guest; the last answer comes when it is off */
    VT_REQUEST_WAIT,    /* nothing but the last answer, when the guest is off */
    VT_REQUEST_CONSOLE, /* the connection becomes the guest's console */
    VT_REQUEST_MAX_,
};

struct vt_request {
    enum vt_request_kind kind;
    enum vt_stop_how how; /* of a stop; VT_HOW_SAME: as STOP_ACTION says */
    int64_t grace;        /* of a stop, in seconds; -1: as GRACE_PERIOD says */
    size_t history;       /* of a console: how many of the last bytes come first */
};

/*
 * Parse @line (of @len bytes, without its newline). What is not known is refused: a wish that is
 * not heeded is worse than one that is denied. Returns 0, or -EINVAL with @err of VT_CAUSE_USAGE.
 */
int vt_request_parse(const char *line, size_t len, struct vt_request *ret,
                     struct vt_error *err) VT_MUST_CHECK;

/* @request as a line with its newline; the caller frees it. */
char *vt_request_text(const struct vt_request *request);

enum vt_answer_kind {
    VT_ANSWER_ACCEPTED, /* the request is being carried out */
    VT_ANSWER_PROGRESS, /* .text tells how far it is */
    VT_ANSWER_STATUS,   /* the last one: .status, and .text if it is an error */
    VT_ANSWER_OTHER,    /* from a later version: to be ignored */
};

struct vt_answer {
    enum vt_answer_kind kind;
    int status; /* an exit status */
    char *text; /* or NULL */
};

#define VT_AUTO_ANSWER VT_CLEANUP(vt_answer_done)

void vt_answer_done(struct vt_answer *answer);

/* Parse @line (of @len bytes, without its newline). Returns 0, or -EBADMSG with @ret empty. */
int vt_answer_parse(const char *line, size_t len, struct vt_answer *ret) VT_MUST_CHECK;

/* An answer as a line with its newline, @status and @text being those of struct vt_answer; the
 * caller frees it. */
char *vt_answer_text(enum vt_answer_kind kind, int status, const char *text);
