# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(launcher BELOW base host config image seed net vm
        SOURCES
          cards.c
          claim.c
          client.c
          cloud_ask.c
          cloud_report.c
          console_lines.c
          console_session.c
          control.c
          daemon.c
          data_dir.c
          dhcp_watch.c
          disk.c
          escape.c
          events.c
          guest_clock.c
          hardware.c
          health.c
          host_keys.c
          knock.c
          lan_watch.c
          launcher.c
          offline.c
          outlet.c
          passt_watch.c
          phone_form.c
          phone_home.c
          places.c
          prepare.c prepare_disk.c prepare_lan.c
          probe.c
          progress_log.c
          protocol.c
          qemu_cache.c
          readiness.c
          ready.c
          reboots.c
          repeats.c
          rights.c
          rules_watch.c
          run_dir.c
          saved.c
          ssh_files.c
          starting.c
          status.c
          stop.c
          stopping.c
          summary.c
          supervisor.c
          terminal.c
          verdict.c
          wait.c
        LIBRARIES PkgConfig::JSONC PkgConfig::LIBMICROHTTPD PkgConfig::LIBVIRT)
# Where cmd/room.cmake puts what libvirtd takes for passt.
include(GNUInstallDirs)
target_compile_definitions(vt_launcher PRIVATE VT_LIBEXEC_ROOT="${CMAKE_INSTALL_FULL_LIBEXECDIR}")
