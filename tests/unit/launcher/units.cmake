# SPDX-License-Identifier: GPL-2.0-or-later
vt_unit(launcher cloud_report)
vt_unit(launcher control)
vt_unit(launcher data_dir)
vt_unit(launcher host_keys)
<<<<<<< HEAD
vt_unit(launcher offline)
vt_unit(launcher protocol)
=======
vt_unit(launcher probe)
>>>>>>> 65e751c (cmd: wait waits until the guest is running, reachable or ready)
vt_unit(launcher qemu_cache)
vt_unit(launcher saved)
vt_unit(launcher status)
vt_unit(launcher stop)
vt_unit(launcher summary)
vt_unit(launcher terminal)
vt_unit(launcher verdict)
vt_unit(launcher wait)
