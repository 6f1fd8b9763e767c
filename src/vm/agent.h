/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest agent (qemu-guest-agent), if the guest runs one. No call waits longer than a few
 * seconds for it: an agent may be missing, asleep or hostile. Errors: -ENOTCONN when no agent has
 * opened its channel, -ETIMEDOUT when it does not answer in time, -EREMOTEIO when it refuses,
 * -EBADMSG when it answers nonsense. All have VT_CAUSE_NO_WAY_IN but a refusal, which most often is
 * the guest's own (no such file): VT_CAUSE_INTERNAL.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vm/agent_wire.h"
#include "vm/session.h"

/* How much of a file is read or written at once: agents read slowly what they are told. */
#define VT_AGENT_CHUNK (64 << 10)

/* Ask it for a sign of life, for at most two seconds. Call it before any other. */
int vt_agent_ping(struct vt_session *session, struct vt_error *err) VT_MUST_CHECK;

/* Whether it may run programs and touch files. Returns 0, or -EPERM. */
int vt_agent_check_rights(struct vt_session *session, struct vt_error *err) VT_MUST_CHECK;

/*
 * Start the program @argv in the guest, as the agent's user (root), with @len bytes of @input as
 * its standard input (NULL: none). *@ret_pid is its process id there.
 */
int vt_agent_exec(struct vt_session *session, const char *const *argv, const void *input,
                  size_t len, int64_t *ret_pid, struct vt_error *err) VT_MUST_CHECK;

int vt_agent_exec_status(struct vt_session *session, int64_t pid, struct vt_agent_exec_status *ret,
                         struct vt_error *err) VT_MUST_CHECK;

/* Files in the guest; @mode as in fopen(3). */
int vt_agent_file_open(struct vt_session *session, const char *path, const char *mode,
                       int64_t *ret_handle, struct vt_error *err) VT_MUST_CHECK;

/* Read on: up to VT_AGENT_CHUNK bytes, owned by the caller; *@ret_eof: there are no more now. */
int vt_agent_file_read(struct vt_session *session, int64_t handle, char **ret, size_t *ret_len,
                       bool *ret_eof, struct vt_error *err) VT_MUST_CHECK;

/* Write all @len bytes, of which there are at most VT_AGENT_CHUNK. */
int vt_agent_file_write(struct vt_session *session, int64_t handle, const void *data, size_t len,
                        struct vt_error *err) VT_MUST_CHECK;

/* Close it, so that what was written is in the file. */
int vt_agent_file_close(struct vt_session *session, int64_t handle,
                        struct vt_error *err) VT_MUST_CHECK;
