# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(launcher BELOW base host config image seed net vm
        SOURCES
          client.c
          cloud_ask.c
          cloud_report.c
          console_lines.c
          control.c
          daemon.c
          data_dir.c
          dhcp_watch.c
          events.c
          guest_clock.c
          host_keys.c
          launcher.c
          offline.c
          outlet.c
          phone_form.c
          phone_home.c
          prepare.c
          probe.c
          protocol.c
          qemu_cache.c
          readiness.c
          ready.c
          reboots.c
          run_dir.c
          saved.c
          ssh_files.c
          starting.c
          status.c
          stop.c
          stopping.c
          summary.c
          terminal.c
          verdict.c
          wait.c
        LIBRARIES PkgConfig::JSONC PkgConfig::LIBMICROHTTPD PkgConfig::LIBVIRT)
