/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of the addresses that a guest says it has is its address: the first, until it does not
 * answer for that any more and has said another. So one with several addresses keeps the one that
 * it is known by, and a lease that has changed is followed. A guest that says many is heard seldom.
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum vt_claim_state {
    VT_CLAIM_HEEDS, /* what is said that is not the known address… */
    VT_CLAIM_ASKS,  /* …only whether the guest answers for that… */
    VT_CLAIM_RESTS, /* …nothing. */
};

struct vt_claim {
    enum vt_claim_state state;
    uint32_t known; /* the guest's address; 0: not yet */
    uint32_t heard; /* another one that it says it has */
    unsigned asked; /* how often */
    int rest;       /* ms: the last one; 0: none */
};

/* The guest has said that it has @address, which is not 0. Returns whether claim->known is another
 * now. The state may be: when it is VT_CLAIM_ASKS, the guest is to be asked for claim->known. */
bool vt_claim_hear(struct vt_claim *claim, uint32_t address);

/* How long the state lasts, in ms; -1: for ever. */
int vt_claim_patience(const struct vt_claim *claim);

/* That time is over. Returns, and leaves, what vt_claim_hear() does. */
bool vt_claim_go_on(struct vt_claim *claim);

/* What the last of those said was not to be believed: the guest's address is @former (0: not known)
 * as before, and the guest is heard seldom for as long as it says such things. */
void vt_claim_refuse(struct vt_claim *claim, uint32_t former);
