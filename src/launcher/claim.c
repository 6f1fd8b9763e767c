/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/claim.h"

/* For one answer of a guest that is busy; as often it is asked. */
#define ANSWER_TIME 300 /* ms */
#define ASKS        3
/* Growing from the first to the last while it keeps its address. */
#define FIRST_REST 5000  /* ms */
#define LAST_REST  60000 /* ms */

static void rest(struct vt_claim *claim, int time)
{
    claim->state = VT_CLAIM_RESTS;
    claim->rest = time < LAST_REST ? time : LAST_REST;
}

static void rest_longer(struct vt_claim *claim)
{
    rest(claim, claim->rest ? claim->rest * 2 : FIRST_REST);
}

bool vt_claim_hear(struct vt_claim *claim, uint32_t address)
{
    if (claim->state == VT_CLAIM_ASKS && address == claim->known)
        rest_longer(claim);
    if (claim->state != VT_CLAIM_HEEDS || address == claim->known)
        return false;
    if (claim->known == 0) {
        claim->known = address;
        return true;
    }
    claim->heard = address;
    claim->asked = 1;
    claim->state = VT_CLAIM_ASKS;
    return false;
}

int vt_claim_patience(const struct vt_claim *claim)
{
    if (claim->state == VT_CLAIM_ASKS)
        return ANSWER_TIME;
    return claim->state == VT_CLAIM_RESTS ? claim->rest : -1;
}

bool vt_claim_go_on(struct vt_claim *claim)
{
    if (claim->state == VT_CLAIM_ASKS && claim->asked == ASKS) {
        claim->known = claim->heard;
        rest(claim, FIRST_REST);
        return true;
    }
    if (claim->state == VT_CLAIM_ASKS)
        claim->asked++;
    else
        claim->state = VT_CLAIM_HEEDS;
    return false;
}

void vt_claim_refuse(struct vt_claim *claim, uint32_t former)
{
    claim->known = former;
    rest_longer(claim);
}
