/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole programs and whole files through the guest agent, made of the calls of agent.h. */
#pragma once

#include "vm/agent.h"

/* The most that a program can be given as standard input. */
#define VT_AGENT_INPUT_MAX (2 << 20)

/*
 * Run @argv in the guest and wait for its end, without looking at its output. Returns its exit
 * status, or a negative errno as in agent.h.
 */
int vt_agent_run(struct vt_session *session, const char *const *argv,
                 struct vt_error *err) VT_MUST_CHECK;

/*
 * The same with its output: what it writes to standard output and error goes to the descriptors
 * @out and @errout while it runs. In the guest it lies in a directory below /tmp meanwhile, as the
 * agent itself keeps little of it. @len bytes of @input are its standard input (NULL: none).
 */
int vt_agent_run_piped(struct vt_session *session, const char *const *argv, const void *input,
                       size_t len, int out, int errout, struct vt_error *err) VT_MUST_CHECK;

/* Called now and then with how much was copied. */
typedef void (*vt_copy_progress)(uint64_t done, void *data);

/* Write all that can be read from @fd to the file @path in the guest, which is made or emptied. */
int vt_agent_put(struct vt_session *session, int fd, const char *path, vt_copy_progress progress,
                 void *data, struct vt_error *err) VT_MUST_CHECK;

/* Write all of the file @path in the guest to @fd. */
int vt_agent_get(struct vt_session *session, const char *path, int fd, vt_copy_progress progress,
                 void *data, struct vt_error *err) VT_MUST_CHECK;
