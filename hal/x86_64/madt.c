/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/madt.c - the contract is in madt.h.
 *
 * Firmware writes the table, so nothing in it is believed: an entry is copied
 * out once it is known to lie inside the table with all its fields.
 */
#include "hal/x86_64/madt.h"

#include "core/base/string.h"

#define PC_IO_APIC     UINT64_C(0xfec00000)
#define CPU_ENABLED    1u
#define UID_ALL_SHORT  0xffu /* every CPU, where the number has 8 bits */

/* Polarity and trigger: ACPI, table 5.25. 0 is as the bus has it. */
#define FLAGS_POLARITY 0x3u
#define FLAGS_TRIGGER  0xcu
#define POLARITY_LOW   0x3u
#define TRIGGER_LEVEL  0xcu

enum entry_type {
    ENTRY_CPU = 0,
    ENTRY_IO_APIC = 1,
    ENTRY_OVERRIDE = 2,
    ENTRY_CPU_NMI = 4,
    ENTRY_APIC_ADDRESS = 5,
    ENTRY_CPU_X2 = 9,
    ENTRY_CPU_NMI_X2 = 10
};

struct head {
    uint8_t signature[4];
    uint32_t size;
    uint8_t rest[28];
    uint32_t apic;
    uint32_t flags;
} __attribute__((packed));

struct entry {
    uint8_t type;
    uint8_t size;
};

struct entry_cpu {
    struct entry entry;
    uint8_t uid;
    uint8_t apic_id;
    uint32_t flags;
} __attribute__((packed));

struct entry_io_apic {
    struct entry entry;
    uint8_t id;
    uint8_t reserved;
    uint32_t address;
    uint32_t first;
} __attribute__((packed));

struct entry_override {
    struct entry entry;
    uint8_t bus;
    uint8_t source;
    uint32_t line;
    uint16_t flags;
} __attribute__((packed));

struct entry_cpu_nmi {
    struct entry entry;
    uint8_t uid;
    uint16_t flags;
    uint8_t pin;
} __attribute__((packed));

struct entry_apic_address {
    struct entry entry;
    uint16_t reserved;
    uint64_t address;
} __attribute__((packed));

struct entry_cpu_x2 {
    struct entry entry;
    uint16_t reserved;
    uint32_t apic_id;
    uint32_t flags;
    uint32_t uid;
} __attribute__((packed));

struct entry_cpu_nmi_x2 {
    struct entry entry;
    uint16_t flags;
    uint32_t uid;
    uint8_t pin;
    uint8_t reserved[3];
} __attribute__((packed));

static struct madt_input input_of(uint16_t flags)
{
    return (struct madt_input){
        .low = (flags & FLAGS_POLARITY) == POLARITY_LOW,
        .level = (flags & FLAGS_TRIGGER) == TRIGGER_LEVEL,
    };
}

static void add_cpu(struct madt *out, uint32_t uid, uint32_t apic_id,
                    uint32_t flags)
{
    if (!(flags & CPU_ENABLED))
        return;
    for (unsigned i = 0; i < out->cpu_count; i++)
        if (out->cpus[i].apic_id == apic_id)
            return; /* named by both kinds of entry */
    if (apic_id >= MADT_APIC_IDS || out->cpu_count == HAL_CPUS_MAX) {
        out->cpus_left_out++;
        return;
    }
    out->cpus[out->cpu_count++] =
        (struct madt_cpu){.uid = uid, .apic_id = apic_id};
}

static void add_nmi(struct madt *out, uint32_t uid, unsigned pin,
                    uint16_t flags)
{
    if (pin >= MADT_PINS || out->nmi_count == MADT_NMIS_MAX)
        return;
    out->nmis[out->nmi_count++] =
        (struct madt_nmi){.uid = uid, .pin = pin, .input = input_of(flags)};
}

/* Copies an entry into *to; false for one that is shorter. */
#define READ_ENTRY(at, to) read_entry(at, to, sizeof(*(to)))

static bool read_entry(const uint8_t *at, void *to, size_t size)
{
    if (((const struct entry *)at)->size < size)
        return false;
    mem_copy(to, at, size);
    return true;
}

static bool read_cpu(struct madt *out, const uint8_t *at)
{
    struct entry_cpu e;

    if (!READ_ENTRY(at, &e))
        return false;
    add_cpu(out, e.uid, e.apic_id, e.flags);
    return true;
}

static bool read_cpu_x2(struct madt *out, const uint8_t *at)
{
    struct entry_cpu_x2 e;

    if (!READ_ENTRY(at, &e))
        return false;
    add_cpu(out, e.uid, e.apic_id, e.flags);
    return true;
}

static bool read_io_apic(struct madt *out, const uint8_t *at)
{
    struct entry_io_apic e;

    if (!READ_ENTRY(at, &e))
        return false;
    if (out->io_apic_count < MADT_IO_APICS_MAX)
        out->io_apics[out->io_apic_count++] =
            (struct madt_io_apic){.address = e.address, .first = e.first};
    return true;
}

static bool read_override(struct madt *out, const uint8_t *at)
{
    struct entry_override e;

    if (!READ_ENTRY(at, &e))
        return false;
    if (e.bus == 0 && e.source < MADT_ISA_LINES)
        out->isa[e.source] =
            (struct madt_isa){.line = e.line, .input = input_of(e.flags)};
    return true;
}

static bool read_nmi(struct madt *out, const uint8_t *at)
{
    struct entry_cpu_nmi e;

    if (!READ_ENTRY(at, &e))
        return false;
    add_nmi(out, e.uid == UID_ALL_SHORT ? MADT_ALL_CPUS : e.uid, e.pin,
            e.flags);
    return true;
}

static bool read_nmi_x2(struct madt *out, const uint8_t *at)
{
    struct entry_cpu_nmi_x2 e;

    if (!READ_ENTRY(at, &e))
        return false;
    add_nmi(out, e.uid, e.pin, e.flags);
    return true;
}

static bool read_apic_address(struct madt *out, const uint8_t *at)
{
    struct entry_apic_address e;

    if (!READ_ENTRY(at, &e))
        return false;
    out->apic = e.address;
    return true;
}

static bool read_any(struct madt *out, const uint8_t *at)
{
    switch (at[0]) {
    case ENTRY_CPU:
        return read_cpu(out, at);
    case ENTRY_IO_APIC:
        return read_io_apic(out, at);
    case ENTRY_OVERRIDE:
        return read_override(out, at);
    case ENTRY_CPU_NMI:
        return read_nmi(out, at);
    case ENTRY_APIC_ADDRESS:
        return read_apic_address(out, at);
    case ENTRY_CPU_X2:
        return read_cpu_x2(out, at);
    case ENTRY_CPU_NMI_X2:
        return read_nmi_x2(out, at);
    default:
        return true; /* of no concern here */
    }
}

void madt_default(struct madt *out)
{
    mem_set(out, 0, sizeof(*out));
    for (unsigned i = 0; i < MADT_ISA_LINES; i++)
        out->isa[i].line = i;
    out->io_apics[0].address = PC_IO_APIC;
    out->io_apic_count = 1;
    out->nmis[0] = (struct madt_nmi){.uid = MADT_ALL_CPUS, .pin = 1};
    out->nmi_count = 1;
}

bool madt_parse(struct madt *out, const void *table, size_t size)
{
    const uint8_t *at = table;
    struct head head;
    size_t left;

    if (size < sizeof(head))
        return false;
    mem_copy(&head, table, sizeof(head));
    if (head.size < sizeof(head) || head.size > size ||
        !mem_equal(head.signature, "APIC", sizeof(head.signature)))
        return false;
    madt_default(out);
    out->io_apic_count = 0;
    out->nmi_count = 0;
    out->apic = head.apic;
    at += sizeof(head);
    left = head.size - sizeof(head);
    while (left > 0) {
        if (left < sizeof(struct entry) || at[1] < sizeof(struct entry) ||
            at[1] > left || !read_any(out, at))
            return false;
        left -= at[1];
        at += at[1];
    }
    return out->cpu_count > 0 && out->io_apic_count > 0;
}

void madt_put_first(struct madt *madt, uint32_t apic_id)
{
    struct madt_cpu first = {.apic_id = apic_id};
    unsigned i;

    for (i = 0; i < madt->cpu_count; i++)
        if (madt->cpus[i].apic_id == apic_id)
            break;
    if (i < madt->cpu_count)
        first = madt->cpus[i];
    else if (i < HAL_CPUS_MAX)
        madt->cpu_count++;
    else
        i--;
    for (; i > 0; i--)
        madt->cpus[i] = madt->cpus[i - 1];
    madt->cpus[0] = first;
}

const struct madt_input *madt_find_nmi(const struct madt *madt, uint32_t uid,
                                       unsigned pin)
{
    for (unsigned i = 0; i < madt->nmi_count; i++) {
        const struct madt_nmi *nmi = &madt->nmis[i];

        if (nmi->pin == pin && (nmi->uid == uid || nmi->uid == MADT_ALL_CPUS))
            return &nmi->input;
    }
    return NULL;
}
