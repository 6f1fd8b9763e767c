# SPDX-License-Identifier: GPL-2.0-or-later
vt_unit(launcher data_dir)
vt_unit(launcher qemu_cache)
vt_unit(launcher status)
vt_unit(launcher stop)
vt_unit(launcher summary)
vt_unit(launcher terminal)
vt_unit(launcher verdict)
