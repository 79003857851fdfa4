/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/micro/files.c - rows of files by name and of what is in them,
 * in a tmpfs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "targets/bench/micro/micro.h"

enum {
    FILES = 50, /* made and removed in a round */
    FILES_MANY = 10000,
    ENTRY_MIN = 24, /* bytes of an entry of getdents64(2) */
    PART = 65536,   /* that file_*_bw moves at once */
    FILE_SIZE = 4 * MICRO_MIB,
    FILE_PARTS = FILE_SIZE / PART,
    FILE_PAGES = FILE_SIZE / MICRO_PAGE,
    NAME_MAX_SIZE = 320
};

static int open_or_die(const char *path, int flags)
{
    int fd = open(path, flags, 0644);

    if (fd < 0)
        micro_die("open %s", path);
    return fd;
}

/* A file of size bytes. */
static void make_file(const char *path, size_t size)
{
    static char block[PART];
    int fd = open_or_die(path, O_CREAT | O_RDWR | O_TRUNC);

    memset(block, 'k', sizeof(block));
    while (size > 0) {
        size_t part = size < sizeof(block) ? size : sizeof(block);

        if (write(fd, block, part) != (ssize_t)part)
            micro_die("write");
        size -= part;
    }
    close(fd);
}

/* --- one byte, one page --------------------------------------------------- */

struct transfer {
    int fd;
    size_t size;
    char memory[MICRO_PAGE];
};

static uint64_t body_read(uint64_t rounds, void *arg)
{
    struct transfer *transfer = arg;

    while (rounds-- > 0)
        if (read(transfer->fd, transfer->memory, transfer->size) < 0)
            micro_die("read");
    return 0;
}

static uint64_t body_write(uint64_t rounds, void *arg)
{
    struct transfer *transfer = arg;

    while (rounds-- > 0)
        if (write(transfer->fd, transfer->memory, transfer->size) < 0)
            micro_die("write");
    return 0;
}

void micro_run_read(const struct micro_row *row)
{
    struct transfer transfer = {.fd = open_or_die("/dev/zero", O_RDONLY),
                                .size = (size_t)row->parameter};

    micro_measure(row, body_read, &transfer);
}

void micro_run_write(const struct micro_row *row)
{
    struct transfer transfer = {.fd = open_or_die("/dev/null", O_WRONLY),
                                .size = (size_t)row->parameter};

    micro_measure(row, body_write, &transfer);
}

/* --- names ---------------------------------------------------------------- */

static uint64_t body_stat(uint64_t rounds, void *arg)
{
    struct stat found;

    while (rounds-- > 0)
        if (stat(arg, &found) < 0)
            micro_die("stat");
    return 0;
}

static uint64_t body_stat_nothing(uint64_t rounds, void *arg)
{
    struct stat found;

    while (rounds-- > 0)
        if (stat(arg, &found) == 0)
            micro_die("it exists");
    return 0;
}

static uint64_t body_fstat(uint64_t rounds, void *arg)
{
    struct stat found;

    while (rounds-- > 0)
        if (fstat(*(int *)arg, &found) < 0)
            micro_die("fstat");
    return 0;
}

static uint64_t body_open(uint64_t rounds, void *arg)
{
    while (rounds-- > 0)
        close(open_or_die(arg, O_RDONLY));
    return 0;
}

/* A file below eight directories. */
static void run_stat_deep(const struct micro_row *row)
{
    char path[NAME_MAX_SIZE] = MICRO_TMP;

    for (int i = 1; i <= 8; i++) {
        char name[8];

        snprintf(name, sizeof(name), "/d%d", i);
        strcat(path, name);
        mkdir(path, 0755);
    }
    strcat(path, "/f");
    make_file(path, 0);
    micro_measure(row, body_stat, path);
}

void micro_run_stat(const struct micro_row *row)
{
    char path[] = MICRO_TMP "/statfile", nothing[] = MICRO_TMP "/nonexistent";
    int fd;

    make_file(path, 0);
    fd = open_or_die(path, O_RDONLY);
    switch (row->parameter) {
    case MICRO_STAT:
        micro_measure(row, body_stat, path);
        break;
    case MICRO_STAT_DEEP:
        run_stat_deep(row);
        break;
    case MICRO_STAT_NOTHING:
        micro_measure(row, body_stat_nothing, nothing);
        break;
    default:
        micro_measure(row, body_fstat, &fd);
        break;
    }
}

void micro_run_open(const struct micro_row *row)
{
    char path[] = MICRO_TMP "/openfile";

    make_file(path, 0);
    micro_measure(row, body_open, path);
}

/* --- making and removing -------------------------------------------------- */

struct files {
    const char *dir;
    size_t size;
    int measures_removal;
};

static void name_file(char *path, const char *dir, int number)
{
    snprintf(path, NAME_MAX_SIZE, "%s/f%d", dir, number);
}

static void make_files(const struct files *files)
{
    static char block[16384];
    char path[NAME_MAX_SIZE];

    for (int i = 0; i < FILES; i++) {
        int fd;

        name_file(path, files->dir, i);
        fd = open_or_die(path, O_CREAT | O_WRONLY | O_EXCL);
        if (files->size > 0 &&
            write(fd, block, files->size) != (ssize_t)files->size)
            micro_die("write");
        close(fd);
    }
}

static void remove_files(const struct files *files)
{
    char path[NAME_MAX_SIZE];

    for (int i = 0; i < FILES; i++) {
        name_file(path, files->dir, i);
        if (unlink(path) < 0)
            micro_die("unlink");
    }
}

static uint64_t body_files(uint64_t rounds, void *arg)
{
    const struct files *files = arg;
    uint64_t sum = 0, start;

    while (rounds-- > 0) {
        if (files->measures_removal) {
            make_files(files);
            start = micro_part_start();
            remove_files(files);
            sum += micro_part_end(start);
        } else {
            start = micro_part_start();
            make_files(files);
            sum += micro_part_end(start);
            remove_files(files);
        }
    }
    return sum;
}

void micro_run_files(const struct micro_row *row)
{
    struct files files = {.dir = MICRO_TMP "/files",
                          .size = row->parameter & ~MICRO_REMOVAL,
                          .measures_removal =
                              (row->parameter & MICRO_REMOVAL) != 0};

    mkdir(files.dir, 0755);
    micro_measure(row, body_files, &files);
    rmdir(files.dir);
}

static uint64_t body_mkdir(uint64_t rounds, void *arg)
{
    while (rounds-- > 0)
        if (mkdir(arg, 0755) < 0 || rmdir(arg) < 0)
            micro_die("mkdir or rmdir");
    return 0;
}

static uint64_t body_rename(uint64_t rounds, void *arg)
{
    static const char other[] = MICRO_TMP "/ren_b";

    while (rounds-- > 0)
        if (rename(arg, other) < 0 || rename(other, arg) < 0)
            micro_die("rename");
    return 0;
}

void micro_run_names(const struct micro_row *row)
{
    char dir[] = MICRO_TMP "/mkd", file[] = MICRO_TMP "/ren_a";

    if (row->parameter == MICRO_MKDIR) {
        micro_measure(row, body_mkdir, dir);
        return;
    }
    make_file(file, 0);
    micro_measure(row, body_rename, file);
}

/* --- what is in them ------------------------------------------------------ */

struct content {
    const char *path;
    int fd;
    char *memory; /* PART bytes */
};

static uint64_t body_fill(uint64_t rounds, void *arg)
{
    struct content *file = arg;
    uint64_t sum = 0, start;

    while (rounds-- > 0) {
        int fd = open_or_die(file->path, O_CREAT | O_TRUNC | O_WRONLY);

        start = micro_part_start();
        for (int i = 0; i < FILE_PARTS; i++)
            if (write(fd, file->memory, PART) != PART)
                micro_die("write");
        sum += micro_part_end(start);
        close(fd);
    }
    return sum;
}

static uint64_t body_read_all(uint64_t rounds, void *arg)
{
    struct content *file = arg;

    while (rounds-- > 0)
        for (int i = 0; i < FILE_PARTS; i++)
            if (pread(file->fd, file->memory, PART, (off_t)i * PART) != PART)
                micro_die("pread");
    return 0;
}

/* xorshift64: the same pages in every run. */
static uint64_t random_number(void)
{
    static uint64_t state = UINT64_C(88172645463325252);

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t body_read_page(uint64_t rounds, void *arg)
{
    struct content *file = arg;

    while (rounds-- > 0) {
        off_t at = (off_t)(random_number() % FILE_PAGES) * MICRO_PAGE;

        if (pread(file->fd, file->memory, MICRO_PAGE, at) != MICRO_PAGE)
            micro_die("pread");
    }
    return 0;
}

void micro_run_content(const struct micro_row *row)
{
    struct content file = {.path = MICRO_TMP "/content"};

    file.memory = aligned_alloc(MICRO_PAGE, PART);
    if (file.memory == NULL)
        micro_die("aligned_alloc");
    memset(file.memory, 'f', PART);
    make_file(file.path, FILE_SIZE);
    file.fd = open_or_die(file.path, O_RDWR);
    if (row->parameter == MICRO_FILL)
        micro_measure(row, body_fill, &file);
    else if (row->parameter == MICRO_READ_ALL)
        micro_measure(row, body_read_all, &file);
    else
        micro_measure(row, body_read_page, &file);
    close(file.fd);
    unlink(file.path);
}

static uint64_t body_list(uint64_t rounds, void *arg)
{
    static char entries[32768];

    while (rounds-- > 0) {
        int fd = open_or_die(arg, O_RDONLY | O_DIRECTORY);
        long part, all = 0;

        while ((part = syscall(SYS_getdents64, fd, entries, sizeof(entries))) >
               0)
            all += part;
        if (part < 0 || all < FILES_MANY * ENTRY_MIN)
            micro_die("getdents64");
        close(fd);
    }
    return 0;
}

void micro_run_list(const struct micro_row *row)
{
    char dir[] = MICRO_TMP "/bigdir", path[NAME_MAX_SIZE];

    mkdir(dir, 0755);
    for (int i = 0; i < FILES_MANY; i++) {
        snprintf(path, sizeof(path), "%s/file%05d", dir, i);
        close(open_or_die(path, O_CREAT | O_WRONLY));
    }
    micro_measure(row, body_list, dir);
    for (int i = 0; i < FILES_MANY; i++) {
        snprintf(path, sizeof(path), "%s/file%05d", dir, i);
        unlink(path);
    }
    rmdir(dir);
}
