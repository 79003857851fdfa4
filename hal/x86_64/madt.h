/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/madt.h - the processors and interrupt controllers that the ACPI
 * table APIC tells of (ACPI specification 6.4, 5.2.12).
 */
#ifndef HAL_X86_64_MADT_H
#define HAL_X86_64_MADT_H

#include "hal/types.h"

enum {
    MADT_IO_APICS_MAX = 8,
    MADT_ISA_LINES = 16,
    MADT_NMIS_MAX = 2 * HAL_CPUS_MAX,
    MADT_APIC_IDS = 255, /* that a local APIC reaches without x2APIC mode */
    MADT_PINS = 2
};

struct madt_cpu {
    uint32_t uid;     /* ACPI's number of it */
    uint32_t apic_id; /* below MADT_APIC_IDS */
};

struct madt_io_apic {
    uint64_t address;
    uint32_t first; /* the line of its first input */
};

/* How an interrupt input is driven. */
struct madt_input {
    bool low;   /* active low */
    bool level; /* level-triggered */
};

/* Where an ISA interrupt arrives. */
struct madt_isa {
    uint32_t line;
    struct madt_input input;
};

/* A local APIC's pin that carries NMI. */
struct madt_nmi {
    uint32_t uid; /* of the CPU, or MADT_ALL_CPUS */
    unsigned pin; /* LINT0 or LINT1 */
    struct madt_input input;
};

#define MADT_ALL_CPUS UINT32_MAX

struct madt {
    uint64_t apic; /* where the local APICs are; 0: not said */
    struct madt_cpu cpus[HAL_CPUS_MAX];
    unsigned cpu_count;
    unsigned cpus_left_out; /* usable, but past HAL_CPUS_MAX or out of reach */
    struct madt_io_apic io_apics[MADT_IO_APICS_MAX];
    unsigned io_apic_count;
    struct madt_isa isa[MADT_ISA_LINES];
    struct madt_nmi nmis[MADT_NMIS_MAX];
    unsigned nmi_count;
};

HAL_DECLS_BEGIN

/* What a PC has without a table: no CPU yet, one I/O APIC, ISA interrupts at
 * the lines of their numbers, NMI at LINT1. */
void madt_default(struct madt *out);

/*
 * Reads the size bytes of a table, whose checksum is right, as far as its own
 * length says. Returns false, and leaves *out undefined, for one that
 * contradicts itself or names no CPU or no I/O APIC.
 */
bool madt_parse(struct madt *out, const void *table, size_t size);

/* Makes the CPU of that APIC, which runs this, number 0; it joins, in the place
 * of the last when there are HAL_CPUS_MAX, if the table did not name it. */
void madt_put_first(struct madt *madt, uint32_t apic_id);

/* How pin of the CPU uid carries NMI; NULL: it does not. */
const struct madt_input *madt_find_nmi(const struct madt *madt, uint32_t uid,
                                       unsigned pin);

HAL_DECLS_END

#endif /* HAL_X86_64_MADT_H */
