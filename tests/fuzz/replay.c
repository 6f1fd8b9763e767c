/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run a fuzz target on every file of the directories that are given: without libFuzzer, by any
 * compiler. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

#define MAX_SIZE (1U << 20)

static void run(const char *path, uint8_t *data)
{
    FILE *file = fopen(path, "rb");
    uint8_t *input;
    size_t size;

    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size = fread(data, 1, MAX_SIZE, file);
    (void)fclose(file);
    /* a block of exactly this size, so that the address sanitizer sees a step beyond it */
    input = malloc(size ? size : 1);
    if (!input)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < size; i++)
        input[i] = data[i];
    (void)printf("%s\n", path);
    (void)fflush(stdout);
    (void)LLVMFuzzerTestOneInput(input, size);
    free(input);
}

/* Returns how many files were run. */
static int run_directory(const char *directory, uint8_t *data)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, NULL, alphasort);
    int done = 0;

    if (count < 0) {
        perror(directory);
        exit(EXIT_FAILURE);
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            run(path, data);
            done++;
        }
        free(entries[i]);
    }
    free(entries);
    return done;
}

int main(int argc, char **argv)
{
    uint8_t *data = malloc(MAX_SIZE);
    int done = 0;

    if (!data)
        return EXIT_FAILURE;
    for (int i = 1; i < argc; i++)
        done += run_directory(argv[i], data);
    free(data);
    (void)printf("%d inputs\n", done);
    return done > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
