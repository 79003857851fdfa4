/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/tables.c - the contract is in tables.h.
 */
#include "hal/x86_64/tables.h"

#include "core/base/defs.h"
#include "core/base/string.h"

/* Offsets in the table FACP: ACPI, table 5.9. */
enum {
    FADT_DSDT = 40,
    FADT_SMI_PORT = 48,
    FADT_SMI_ENABLE = 52,
    FADT_PM1A = 64,
    FADT_PM1B = 68,
    FADT_FLAGS = 112,
    FADT_OLD_SIZE = 116, /* revision 1 ends here */
    FADT_RESET = 116,
    FADT_RESET_VALUE = 128,
    FADT_LONG_DSDT = 140,
    FADT_SLEEP = 244
};

#define FLAG_RESET   (UINT32_C(1) << 10)
#define FLAG_REDUCED (UINT32_C(1) << 20)

enum { REGISTER_SIZE = 12, REGISTER_ADDRESS = 4 };

enum {
    MCFG_FIRST = 44,
    MCFG_ENTRY = 16,
    MCFG_SEGMENT = 8,
    MCFG_BUSES = 10,
    BUS_SHIFT = 20
};

/* Byte code: ACPI, 20.2. */
enum {
    OP_ZERO = 0x00,
    OP_ONE = 0x01,
    OP_NAME = 0x08,
    OP_BYTE = 0x0a,
    OP_PACKAGE = 0x12,
    LENGTH_BYTES_SHIFT = 6
};

/* Resource descriptors: ACPI, 6.4.3. */
enum {
    MEMORY_SIZE = 12, /* Memory32Fixed, its head included */
    MEMORY_START = 4,
    MEMORY_LENGTH = 8,
    INTERRUPT_SIZE = 9, /* with one interrupt */
    INTERRUPT_COUNT = 4,
    INTERRUPT_NUMBER = 5,
    DEVICE_REACH = 128 /* bytes from its name to the end of its _CRS */
};

static uint64_t word_at(const uint8_t *table, size_t at, size_t size)
{
    uint64_t word = 0;

    mem_copy(&word, table + at, size);
    return word;
}

static struct tables_register register_at(const uint8_t *table, size_t at)
{
    struct tables_register none = {0};

    if (table[at] != TABLES_MEMORY && table[at] != TABLES_PORT)
        return none;
    return (struct tables_register){
        (enum tables_space)table[at],
        word_at(table, at + REGISTER_ADDRESS, sizeof(uint64_t))};
}

static struct tables_register port_at(const uint8_t *table, size_t at)
{
    return (struct tables_register){TABLES_PORT, word_at(table, at, 4)};
}

bool tables_read_fadt(struct tables_fadt *out, const void *table, size_t size)
{
    const uint8_t *bytes = table;
    uint32_t flags;

    *out = (struct tables_fadt){0};
    if (size < FADT_OLD_SIZE)
        return false;
    flags = (uint32_t)word_at(bytes, FADT_FLAGS, 4);
    out->dsdt = word_at(bytes, FADT_DSDT, 4);
    if (size >= FADT_LONG_DSDT + sizeof(uint64_t) &&
        word_at(bytes, FADT_LONG_DSDT, 8) != 0)
        out->dsdt = word_at(bytes, FADT_LONG_DSDT, 8);
    if (flags & FLAG_RESET && size > FADT_RESET_VALUE) {
        out->reset = register_at(bytes, FADT_RESET);
        out->reset_value = bytes[FADT_RESET_VALUE];
    }
    if (flags & FLAG_REDUCED) {
        if (size >= FADT_SLEEP + REGISTER_SIZE)
            out->sleep = register_at(bytes, FADT_SLEEP);
        return true;
    }
    out->smi_port = (uint16_t)word_at(bytes, FADT_SMI_PORT, 2);
    out->smi_enable = bytes[FADT_SMI_ENABLE];
    out->pm1a = port_at(bytes, FADT_PM1A);
    out->pm1b = port_at(bytes, FADT_PM1B);
    return true;
}

bool tables_read_mcfg(struct tables_mcfg *out, const void *table, size_t size)
{
    const uint8_t *bytes = table;

    for (size_t at = MCFG_FIRST; at <= size && size - at >= MCFG_ENTRY;
         at += MCFG_ENTRY) {
        if (word_at(bytes, at + MCFG_SEGMENT, 2) != 0)
            continue;
        out->base = word_at(bytes, at, sizeof(uint64_t));
        out->first_bus = bytes[at + MCFG_BUSES];
        out->last_bus = bytes[at + MCFG_BUSES + 1];
        return out->base != 0 && out->base % (1u << BUS_SHIFT) == 0 &&
               out->first_bus <= out->last_bus;
    }
    return false;
}

/* A constant below 256 at *at; moves past it. False: it is something else. */
static bool read_byte(const uint8_t *bytes, size_t size, size_t *at,
                      uint8_t *out)
{
    if (*at < size && bytes[*at] == OP_BYTE && size - *at >= 2) {
        *out = bytes[*at + 1];
        *at += 2;
        return true;
    }
    if (*at >= size || (bytes[*at] != OP_ZERO && bytes[*at] != OP_ONE))
        return false;
    *out = bytes[*at];
    *at += 1;
    return true;
}

/* The two numbers at the head of the package behind a name, at `at`. */
static bool read_package(const uint8_t *bytes, size_t size, size_t at,
                         uint8_t types[2])
{
    if (size - at < 3 || bytes[at] != OP_PACKAGE)
        return false;
    /* Its length, of 1 to 4 bytes, and the count of its elements. */
    at += 1 + 1 + (size_t)(bytes[at + 1] >> LENGTH_BYTES_SHIFT) + 1;
    return read_byte(bytes, size, &at, &types[0]) &&
           read_byte(bytes, size, &at, &types[1]);
}

bool tables_find_s5(const void *table, size_t size, uint8_t types[2])
{
    static const char name[] = "_S5_";
    const uint8_t *bytes = table;
    size_t length = sizeof(name) - 1;

    for (size_t at = 2; at <= size && size - at >= length; at++) {
        if (!mem_equal(bytes + at, name, length))
            continue;
        if (bytes[at - 1] != OP_NAME &&
            !(bytes[at - 1] == '\\' && bytes[at - 2] == OP_NAME))
            continue;
        if (read_package(bytes, size, at + length, types))
            return true;
    }
    return false;
}

/* Does bytes + at hold a descriptor that begins so, and all of it? */
static bool is_descriptor(const uint8_t *bytes, size_t end, size_t at,
                          const uint8_t head[3], size_t size)
{
    return end - at >= size && mem_equal(bytes + at, head, 3);
}

/* What stands in _CRS between at and end; false unless both are there. */
static bool read_resources(const uint8_t *bytes, size_t at, size_t end,
                           struct tables_virtio *out)
{
    static const uint8_t memory[] = {0x86, 0x09, 0x00};
    static const uint8_t interrupt[] = {0x89, 0x06, 0x00};
    bool has_memory = false;

    for (; at < end; at++) {
        if (is_descriptor(bytes, end, at, memory, MEMORY_SIZE)) {
            out->start = word_at(bytes, at + MEMORY_START, 4);
            out->size = word_at(bytes, at + MEMORY_LENGTH, 4);
            has_memory = true;
            at += MEMORY_SIZE - 1;
        } else if (has_memory &&
                   is_descriptor(bytes, end, at, interrupt, INTERRUPT_SIZE) &&
                   bytes[at + INTERRUPT_COUNT] == 1) {
            out->line = (uint32_t)word_at(bytes, at + INTERRUPT_NUMBER, 4);
            return true;
        }
    }
    return false;
}

bool tables_next_virtio(const void *table, size_t size, size_t *at,
                        struct tables_virtio *out)
{
    static const char name[] = "LNRO0005";
    const uint8_t *bytes = table;

    for (; *at <= size && size - *at >= sizeof(name); ++*at) {
        size_t from;

        if (!mem_equal(bytes + *at, name, sizeof(name)))
            continue;
        *at += sizeof(name);
        from = *at;
        if (read_resources(bytes, from, min_size(size, from + DEVICE_REACH),
                           out))
            return true;
    }
    return false;
}

/* --- the command line ----------------------------------------------------- */

/* A number as C writes it, but octal; moves past it. False: there is none, or
 * it is too large. */
static bool read_number(const char **text, uint64_t *out)
{
    bool is_hex = str_starts(*text, "0x");
    unsigned base = is_hex ? 16 : 10;
    const char *at = *text + (is_hex ? 2 : 0);
    const char *first = at;

    for (*out = 0; str_digit(*at) < base; at++) {
        if (*out > UINT64_MAX / 32)
            return false;
        *out = *out * base + str_digit(*at);
    }
    *text = at;
    return at != first;
}

static bool skip(const char **text, char c)
{
    if (**text != c)
        return false;
    ++*text;
    return true;
}

bool tables_read_word(const char *text, struct tables_virtio *out)
{
    uint64_t line, unit = 1;

    if (!read_number(&text, &out->size))
        return false;
    if (skip(&text, 'K') || skip(&text, 'k'))
        unit = UINT64_C(1) << 10;
    else if (skip(&text, 'M') || skip(&text, 'm'))
        unit = UINT64_C(1) << 20;
    else if (skip(&text, 'G') || skip(&text, 'g'))
        unit = UINT64_C(1) << 30;
    if (out->size == 0 || out->size > UINT32_MAX / unit)
        return false;
    out->size *= unit;
    if (!skip(&text, '@') || !read_number(&text, &out->start) ||
        !skip(&text, ':') || !read_number(&text, &line) || line > UINT32_MAX)
        return false;
    out->line = (uint32_t)line;
    return *text == '\0' || *text == ' ' || *text == ':';
}
