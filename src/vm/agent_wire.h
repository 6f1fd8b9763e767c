/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said to the QEMU guest agent and what it answers: its protocol is JSON
 * (https://qemu.readthedocs.io/en/latest/interop/qemu-ga-ref.html). Pure. The answers come from the
 * guest, which may send anything: every parser takes any text and checks types and sizes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Requests; the caller frees them. */

/* A command without arguments: "guest-ping". */
char *vt_agent_ask(const char *command);
/* guest-exec: run @argv (argv[0] is looked up in the agent's PATH) with @len bytes of @input as its
 * standard input (NULL: none). Its output is not captured. */
char *vt_agent_ask_exec(const char *const *argv, const void *input, size_t len);
char *vt_agent_ask_exec_status(int64_t pid);
/* guest-file-open: @mode as in fopen(3). */
char *vt_agent_ask_file_open(const char *path, const char *mode);
/* guest-file-close and guest-file-flush. */
char *vt_agent_ask_file(const char *command, int64_t handle);
char *vt_agent_ask_file_read(int64_t handle, size_t count);
char *vt_agent_ask_file_write(int64_t handle, const void *data, size_t len);

/* Answers. All return 0, or -EBADMSG with the outputs untouched when @reply is not what was asked
 * for. */

/* {"return": N}, or with @name {"return": {"NAME": N}}; N is not negative. */
int vt_agent_read_number(const char *reply, const char *name, int64_t *ret) VT_MUST_CHECK;

struct vt_agent_exec_status {
    bool exited;
    int status; /* its exit status, or 128 + the signal that ended it */
};

int vt_agent_read_exec_status(const char *reply, struct vt_agent_exec_status *ret) VT_MUST_CHECK;

/* Whether the answer to guest-info says that @command can be used; in some distributions' guests
 * those that run programs or touch files cannot. */
bool vt_agent_read_enabled(const char *reply, const char *command);

/* Answer to guest-file-read for at most @max bytes: *@ret (owned by the caller) has *@ret_len of
 * them. */
int vt_agent_read_chunk(const char *reply, size_t max, char **ret, size_t *ret_len,
                        bool *ret_eof) VT_MUST_CHECK;

/*
 * Whether a program in the guest has opened the agent's channel, as the domain XML says that
 * libvirtd gives for a running guest.
 */
bool vt_agent_is_connected(const char *domain_xml);
