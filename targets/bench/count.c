/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/count.c - plugin for QEMU 7.2's TCG: counts what a guest
 * executes between the marks of targets/bench/micro.
 *
 * Arguments: out=FILE. The first line of the file names the columns, then one
 * line per measured row: its number and the counts, user and kernel apart
 * (bit 63 of the address), of some costly instructions beside; "rep" counts
 * the rounds of string instructions, "repb" the bytes they moved.
 *
 * The plugin interface is declared here as far as it is used (QEMU's
 * documentation, "TCG Plugins API", version 1), since Debian ships no header.
 * One virtual CPU, or several on one thread (-accel tcg,thread=single).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void block_callback(uint64_t id, struct qemu_plugin_tb *block);
typedef void insn_callback(unsigned cpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, block_callback *call);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
                                                int operation, void *to,
                                                uint64_t add);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            insn_callback *call, int flags,
                                            void *data);
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

#define EXPORT __attribute__((visibility("default")))
EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_version = 1;

enum counter {
    USER,
    KERNEL,
    HLT,
    CR3,
    WRMSR,
    IO,
    INVLPG,
    IRET,
    SYSRET,
    LOCK,
    REP,
    REP_BYTES,
    COUNTERS,
    NOTHING = COUNTERS
};

static const char *const names[COUNTERS] = {"user",   "kern", "hlt",    "cr3",
                                            "wrmsr",  "io",   "invlpg", "iret",
                                            "sysret", "lock", "rep",    "repb"};

/* The third byte of a mark (targets/bench/micro/main.c). */
enum mark {
    MARK_START = 0x01,
    MARK_END = 0x02,
    MARK_PART_END = 0x03,
    MARK_PART_START = 0x04,
    MARK_BIT_0 = 0x10,
    MARK_BIT_1 = 0x11,
    ROW_MASK = 0xfff
};

static uint64_t count[COUNTERS]; /* since the machine began */
static uint64_t base[COUNTERS];  /* at the last start */
static uint64_t sum[COUNTERS];   /* of this row */
static bool has_parts;           /* the row marks its parts itself */
static unsigned row;
static FILE *out;

static void add_part(void)
{
    for (int i = 0; i < COUNTERS; i++)
        sum[i] += count[i] - base[i];
}

static void print_row(void)
{
    fprintf(out, "%u", row);
    for (int i = 0; i < COUNTERS; i++)
        fprintf(out, "\t%llu", (unsigned long long)sum[i]);
    fputc('\n', out);
    fflush(out);
}

static void on_mark(unsigned cpu, void *data)
{
    enum mark mark = (enum mark)(uintptr_t)data;

    (void)cpu;
    switch (mark) {
    case MARK_BIT_0:
    case MARK_BIT_1:
        row = (row << 1 | (mark & 1)) & ROW_MASK;
        break;
    case MARK_START:
        has_parts = false;
        memset(sum, 0, sizeof(sum));
        memcpy(base, count, sizeof(base));
        break;
    case MARK_PART_START:
        has_parts = true;
        memcpy(base, count, sizeof(base));
        break;
    case MARK_PART_END:
        add_part();
        break;
    case MARK_END:
        if (!has_parts)
            add_part();
        print_row();
        break;
    default:
        break;
    }
}

struct prefixes {
    size_t size;
    bool lock, repeated, narrow, wide;
};

/* Intel SDM volume 2, 2.1.1 and 2.2.1. */
static struct prefixes prefixes_of(const uint8_t *code, size_t size)
{
    struct prefixes found = {0};

    for (; found.size < size; found.size++) {
        uint8_t byte = code[found.size];

        if (byte == 0xf0)
            found.lock = true;
        else if (byte == 0xf2 || byte == 0xf3)
            found.repeated = true;
        else if (byte == 0x66)
            found.narrow = true;
        else if ((byte & 0xf0) == 0x40)
            found.wide = byte & 8;
        else if (byte != 0x67 && byte != 0x2e && byte != 0x36 && byte != 0x3e &&
                 byte != 0x26 && byte != 0x64 && byte != 0x65)
            break;
    }
    return found;
}

static enum counter two_byte_kind(uint8_t opcode, uint8_t modrm)
{
    unsigned reg = (modrm >> 3) & 7;

    if (opcode == 0x30)
        return WRMSR;
    if (opcode == 0x07)
        return SYSRET;
    if (opcode == 0x22 && reg == 3)
        return CR3;
    if (opcode == 0x01 && reg == 7 && modrm < 0xc0)
        return INVLPG;
    return NOTHING;
}

/* What an opcode counts as; rest bytes are left from it on. */
static enum counter kind_of(const uint8_t *opcode, size_t rest, bool repeated)
{
    if (rest == 0)
        return NOTHING;
    if (opcode[0] == 0xf4)
        return HLT;
    if ((opcode[0] & 0xfc) == 0xe4 || (opcode[0] & 0xfc) == 0xec)
        return IO;
    if (opcode[0] == 0xcf)
        return IRET;
    if (repeated && ((opcode[0] & 0xfe) == 0xa4 || (opcode[0] & 0xfe) == 0xaa))
        return REP;
    if (opcode[0] == 0x0f && rest > 1)
        return two_byte_kind(opcode[1], rest > 2 ? opcode[2] : 0);
    return NOTHING;
}

/* Bytes that one round of a string instruction moves. */
static uint64_t round_size(uint8_t opcode, struct prefixes prefixes)
{
    if (!(opcode & 1))
        return 1;
    if (prefixes.wide)
        return 8;
    return prefixes.narrow ? 2 : 4;
}

static bool is_mark(const uint8_t *code, size_t size)
{
    static const uint8_t start[] = {0x0f, 0x1f, 0x80, 0x4b, 0x42};

    return size == 7 && memcmp(code, start, sizeof(start)) == 0 &&
           code[6] == 0x5a;
}

static void count_in(struct qemu_plugin_insn *insn, enum counter counter,
                     uint64_t add)
{
    qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, &count[counter], add);
}

static void translate(struct qemu_plugin_insn *insn)
{
    const uint8_t *code = qemu_plugin_insn_data(insn);
    size_t size = qemu_plugin_insn_size(insn);
    struct prefixes prefixes = prefixes_of(code, size);
    const uint8_t *opcode = code + prefixes.size;
    enum counter kind =
        kind_of(opcode, size - prefixes.size, prefixes.repeated);

    count_in(insn, qemu_plugin_insn_vaddr(insn) >> 63 ? KERNEL : USER, 1);
    if (is_mark(code, size)) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, 0,
                                               (void *)(uintptr_t)code[5]);
        return;
    }
    if (prefixes.lock)
        count_in(insn, LOCK, 1);
    if (kind == REP)
        count_in(insn, REP_BYTES, round_size(opcode[0], prefixes));
    if (kind != NOTHING)
        count_in(insn, kind, 1);
}

static void on_block(uint64_t id, struct qemu_plugin_tb *block)
{
    size_t insns = qemu_plugin_tb_n_insns(block);

    (void)id;
    for (size_t i = 0; i < insns; i++)
        translate(qemu_plugin_tb_get_insn(block, i));
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc,
                               char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "out=", 4) == 0)
            out = fopen(argv[i] + 4, "w");
    if (out == NULL)
        return -1;
    fprintf(out, "row");
    for (int i = 0; i < COUNTERS; i++)
        fprintf(out, "\t%s", names[i]);
    fputc('\n', out);
    fflush(out);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    return 0;
}
