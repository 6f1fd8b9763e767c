# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(config BELOW base SOURCES config.c env.c help.c options.c ports.c rate.c sources.c yaml.c yaml_tree.c
        LIBRARIES PkgConfig::LIBYAML)
