/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtainer-healthcheck: what `virtainer healthcheck` does without flags, and nothing more, so that
 * it is loaded in a moment. With flags it becomes that.
 */
#include <stdio.h>

#include "base/log.h"
#include "launcher/health.h"

static int check(struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    int r = vt_status_read(&status, err);

    if (r == 0)
        r = vt_health_check(&status, err);
    if (r < 0)
        return r;
    printf("%s\n", vt_phase_name(status.phase));
    vt_health_warn(&status);
    return 0;
}

int main(int argc, char *argv[])
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    static char program[] = "virtainer", command[] = "healthcheck";

    if (argc > 1) {
        /* Its own name is where the command's name goes; one word more for the program's. */
        char **words = calloc((size_t)argc + 2, sizeof(*words));

        if (words) {
            words[0] = program;
            words[1] = command;
            for (int i = 1; i < argc; i++)
                words[i + 1] = argv[i];
            (void)execvp(program, words);
            free(words);
        }
        vt_error_log("cannot run virtainer healthcheck");
        return EXIT_FAILURE;
    }
    vt_health_exec_own();
    if (check(&err) == 0)
        return EXIT_SUCCESS;
    vt_error_log("%s", err.msg);
    return EXIT_FAILURE;
}
