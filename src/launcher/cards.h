/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's system is told of its network cards. cloud-init sets the network up at an
 * instance's first boot, by the MAC of the one card that it takes; in the container's place
 * (NETWORK=bridge) there may be several, and they are others in each container. So the seed names
 * them, and has cloud-init look at each boot; what it was told is kept in `.virtainer/cards`.
 */
#pragma once

#include "launcher/data_dir.h"
#include "net/lan.h"
#include "seed/seed.h"

struct vt_cards {
    char *told;   /* for vt_cards_note(); NULL: nothing */
    char *notice; /* a sentence if a guest that is there already may not hear of it at this start */
};

/*
 * Have @seed tell of the cards of @lan; NULL: of a network in which the guest has its own card, of
 * which nothing needs to be told. @reused: the guest was started before. @ret must be zeroes; its
 * strings are the caller's.
 */
void vt_cards_tell(const struct vt_lan *lan, const struct vt_data_dir *data, bool reused,
                   struct vt_seed *seed, struct vt_cards *ret);

/* The guest boots with that seed: keep what it was told. */
void vt_cards_note(const struct vt_cards *cards, const struct vt_data_dir *data);
