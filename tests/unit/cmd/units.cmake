# SPDX-License-Identifier: GPL-2.0-or-later
vt_unit(cmd command)
vt_unit(cmd progress)
target_link_options(test_cmd_progress PRIVATE LINKER:--wrap=vt_now_ms)
