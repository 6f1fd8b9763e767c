/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A large file that another process writes reaches its disk while it is written, and not only when
 * it is synced at the end: the disk works beside the processor instead of after it.
 */
#pragma once

struct vt_writeback;

/*
 * Begin to push what is written to the file of @fd to its disk; @fd stays the caller's, and open
 * until vt_writeback_end(). Returns NULL where that cannot be: all is slower then, and as good.
 */
struct vt_writeback *vt_writeback_begin(int fd);

/* Push no more; NULL is fine. What is on the disk is as unsure as before: a sync is still needed.
 */
void vt_writeback_end(struct vt_writeback *writeback);
