/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/hosted/options.c - the options of the hosted kernel.
 */
#include "targets/hosted/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: cyphera [OPTION]... [--] [INIT [ARG...]]\n"
    "Runs the Cyphera kernel as a process; INIT is its first program, a path\n"
    "in the initrd.\n"
    "\n"
    "  --cpus N            virtual CPUs, 1 to 16 (default 1)\n"
    "  --mem SIZE          guest memory: bytes, or with K, M or G (default "
    "256M)\n"
    "  --initrd FILE       initramfs: newc cpio, plain or compressed\n"
    "  --append CMDLINE    kernel command line\n"
    "  --log FILE          write the kernel log to FILE, not to stderr\n"
    "  --strace[=FILTER]   log system calls (of these names, with commas)\n"
    "  --fault PLAN        make allocations fail: nth:K, rate:N or calls,\n"
    "                      then ,frame ,object or ,context to choose;\n"
    "                      device:N: one answer of a device in N is a lie\n"
    "  --seed N            virtual time; N decides all that chance would\n"
    "  --trace-hash        print a hash over all that happened at the end\n"
    "  --disk FILE[,ro]    a disk (not supported yet)\n"
    "  --net KIND          none, user or pair=PATH (only none yet)\n"
    "  --display KIND      none, sdl or png=FILE (only none yet)\n"
    "  --help              print this and exit\n"
    "  --version           print the version and exit\n"
    "\n"
    "When stdin and stdout are a terminal, it is INIT's console; Ctrl-A x "
    "ends\n"
    "the kernel. Otherwise they are INIT's raw byte streams.\n"
    "\n"
    "Exit status: that of INIT (128+N when signal N killed it); 127 INIT was\n"
    "not found, 126 it cannot be executed, 125 wrong usage or the host "
    "refused\n"
    "something, 120 the kernel panicked.\n";

enum option_value {
    OPTION_APPEND = 256,
    OPTION_CPUS,
    OPTION_DISK,
    OPTION_DISPLAY,
    OPTION_FAULT,
    OPTION_HELP,
    OPTION_INITRD,
    OPTION_LOG,
    OPTION_MEM,
    OPTION_NET,
    OPTION_SEED,
    OPTION_STRACE,
    OPTION_TRACE_HASH,
    OPTION_VERSION
};

static const struct option table[] = {
    {"append", required_argument, NULL, OPTION_APPEND},
    {"cpus", required_argument, NULL, OPTION_CPUS},
    {"disk", required_argument, NULL, OPTION_DISK},
    {"display", required_argument, NULL, OPTION_DISPLAY},
    {"fault", required_argument, NULL, OPTION_FAULT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"initrd", required_argument, NULL, OPTION_INITRD},
    {"log", required_argument, NULL, OPTION_LOG},
    {"mem", required_argument, NULL, OPTION_MEM},
    {"net", required_argument, NULL, OPTION_NET},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"strace", optional_argument, NULL, OPTION_STRACE},
    {"trace-hash", no_argument, NULL, OPTION_TRACE_HASH},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0}};

#define MEMORY_MAX (UINT64_C(64) << 30)

/* Prints "cyphera: what: why"; false, for the caller to return. */
static bool refuse(const char *what, const char *why)
{
    fprintf(stderr, "cyphera: %s: %s\n", what, why);
    return false;
}

/* A number without sign, decimal or 0x, and what follows it. */
static bool read_number(const char *text, uint64_t *out, const char **end)
{
    char *after;
    int base = strncmp(text, "0x", 2) == 0 ? 16 : 10;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtoull(text, &after, base);
    *end = after;
    return errno == 0 && after != text;
}

static bool read_size(const char *text, uint64_t *out)
{
    static const char suffixes[] = "KMG";
    const char *end;
    const char *suffix;
    unsigned shift = 0;

    if (!read_number(text, out, &end))
        return false;
    if (*end != '\0') {
        suffix = strchr(suffixes, *end & ~0x20);
        if (suffix == NULL || end[1] != '\0')
            return false;
        shift = 10 * (unsigned)(suffix - suffixes + 1);
    }
    if (*out > UINT64_MAX >> shift)
        return false;
    *out <<= shift;
    return true;
}

/* Adds "word" or "key=value" to the command line. */
static bool add_words(struct options *o, const char *key, const char *value)
{
    size_t used = strlen(o->command_line);
    size_t left = sizeof(o->command_line) - used;
    int wanted =
        snprintf(o->command_line + used, left, "%s%s%s%s", used != 0 ? " " : "",
                 key, value != NULL ? "=" : "", value != NULL ? value : "");

    return (size_t)wanted < left ||
           refuse("--append", "the kernel command line gets longer than 4095 "
                              "bytes");
}

/* A value that becomes one word of the command line. */
static bool add_value(struct options *o, const char *option, const char *key,
                      const char *value)
{
    if (*value == '\0' || strpbrk(value, " \t\n\"") != NULL)
        return refuse(option, "the value must be one word");
    return add_words(o, key, value);
}

static bool read_memory(struct options *o, const char *value)
{
    uint64_t size;

    if (!read_size(value, &size))
        return refuse("--mem", "not a size: give bytes, or use K, M or G");
    if (size < HOST_MEMORY_MIN)
        return refuse("--mem", "too little: the kernel needs 4M");
    if (size > MEMORY_MAX)
        return refuse("--mem", "too much: at most 64G");
    o->machine.memory = size;
    return true;
}

static bool read_cpus(struct options *o, const char *value)
{
    const char *end;
    uint64_t count;

    if (!read_number(value, &count, &end) || *end != '\0' || count == 0)
        return refuse("--cpus", "not a number of CPUs");
    if (count > HOST_CPUS_MAX)
        return refuse("--cpus", "too many: at most 16");
    o->machine.cpus = (unsigned)count;
    return true;
}

static bool read_seed(struct options *o, const char *value)
{
    const char *end;

    if (!read_number(value, &o->machine.seed, &end) || *end != '\0')
        return refuse("--seed", "not a number below 2^64");
    o->machine.seeded = true;
    return true;
}

/* A plan for the devices is the machine's, any other the kernel's. */
static bool read_fault(struct options *o, const char *value)
{
    static const char devices[] = "device:";
    const char *end;

    if (strncmp(value, devices, sizeof(devices) - 1) != 0)
        return add_value(o, "--fault", "fault", value);
    if (!read_number(value + sizeof(devices) - 1, &o->machine.device_lies,
                     &end) ||
        *end != '\0' || o->machine.device_lies == 0)
        return refuse("--fault", "device: takes a number above 0");
    return true;
}

/* A device that is not there yet: it can only be left out. */
static bool refuse_device(const char *option, const char *value)
{
    return strcmp(value, "none") == 0 || refuse(option, "not supported yet");
}

/* One option with its value; false after an error. */
static bool take(struct options *o, int option, const char *value)
{
    switch (option) {
    case OPTION_CPUS:
        return read_cpus(o, value);
    case OPTION_DISK:
        return refuse("--disk", "not supported yet");
    case OPTION_DISPLAY:
        return refuse_device("--display", value);
    case OPTION_FAULT:
        return read_fault(o, value);
    case OPTION_INITRD:
        o->machine.initrd = value;
        return true;
    case OPTION_LOG:
        o->machine.log = value;
        return true;
    case OPTION_MEM:
        return read_memory(o, value);
    case OPTION_NET:
        return refuse_device("--net", value);
    case OPTION_SEED:
        return read_seed(o, value);
    case OPTION_STRACE:
        return add_value(o, "--strace", "strace", value != NULL ? value : "1");
    default:
        o->machine.trace_hash = true;
        return true;
    }
}

/* Why getopt_long() stumbled. */
static bool refuse_option(int why, char *const *argv, int at)
{
    const char *name = argv[at - 1];
    char what[128];
    size_t length = strcspn(name, "=");

    if (optopt > 0 && optopt < OPTION_APPEND)
        snprintf(what, sizeof(what), "-%c", optopt);
    else
        snprintf(what, sizeof(what), "%.*s", (int)length, name);
    if (why == ':')
        return refuse(what, "needs a value");
    if (optopt >= OPTION_APPEND)
        return refuse(what, "takes no value");
    return refuse(what, "no such option (try --help)");
}

/* All but INIT; *text is what to print instead of running, or NULL. */
static bool read_options(int argc, char **argv, struct options *o,
                         const char **text)
{
    const char *append = NULL;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:", table, NULL)) != -1) {
        if (option == '?' || option == ':')
            return refuse_option(option, argv, optind);
        if (option == OPTION_APPEND)
            append = optarg;
        else if (option == OPTION_HELP)
            *text = help;
        else if (option == OPTION_VERSION)
            *text = "cyphera " CYPHERA_VERSION "\n";
        else if (!take(o, option, optarg))
            return false;
        if (*text != NULL)
            return true;
    }
    /* Last, since what follows its "--" goes to init. */
    return append == NULL || add_words(o, append, NULL);
}

enum options_do options_read(int argc, char **argv, struct options *out,
                             int *status)
{
    const char *text = NULL;

    memset(out, 0, sizeof(*out));
    *status = HOST_EXIT_USAGE;
    if (!read_options(argc, argv, out, &text))
        return OPTIONS_EXIT;
    if (text != NULL) {
        if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
            *status = EXIT_SUCCESS;
        else
            refuse("stdout", strerror(errno));
        return OPTIONS_EXIT;
    }
    out->machine.command_line = out->command_line;
    out->machine.init = argv + optind;
    return OPTIONS_RUN;
}
