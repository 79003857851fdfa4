/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/tables.h - what ACPI tables tell of power and of devices (ACPI
 * specification 6.4; PCI Firmware specification 3.3, 4.1.2).
 *
 * There is no interpreter: what stands in byte code is found by its pattern.
 * Nothing in a table is believed before it is known to lie inside of it.
 */
#ifndef HAL_X86_64_TABLES_H
#define HAL_X86_64_TABLES_H

#include "hal/types.h"

/* A register as ACPI, 5.2.3.2, describes it. */
enum tables_space { TABLES_MEMORY = 0, TABLES_PORT = 1 };
struct tables_register {
    enum tables_space space;
    uint64_t address; /* 0: there is none */
};

/* The fixed description table, as far as it is about power. */
struct tables_fadt {
    uint64_t dsdt;                /* where that table is */
    struct tables_register pm1a;  /* PM1a and PM1b control: ports */
    struct tables_register pm1b;  /* or absent */
    uint16_t smi_port;            /* what turns ACPI on; 0: it is on */
    uint8_t smi_enable;           /* the byte that does */
    struct tables_register sleep; /* hardware-reduced machines */
    struct tables_register reset; /* 8 bits wide; or absent */
    uint8_t reset_value;
};

/* The configuration space of segment 0: 1 MiB per bus. */
struct tables_mcfg {
    uint64_t base; /* of bus 0, which need not be among them */
    uint8_t first_bus, last_bus;
};

/* A virtio device by its register block. */
struct tables_virtio {
    uint64_t start, size;
    uint32_t line;
};

HAL_DECLS_BEGIN

/* Reads a whole table FACP. False when it is too short for what it says. */
bool tables_read_fadt(struct tables_fadt *out, const void *table, size_t size);

/* Finds segment 0 in a whole table MCFG; false when it is not there. */
bool tables_read_mcfg(struct tables_mcfg *out, const void *table, size_t size);

/* Finds the two sleep types of the package \_S5 in a table of byte code (ACPI,
 * 7.4.2); false when there is none. */
bool tables_find_s5(const void *table, size_t size, uint8_t types[2]);

/*
 * The next device of the kind LNRO0005 (virtio 1.2, 4.2: its registers and its
 * interrupt stand in _CRS) from *at on, which begins at 0 and moves past it;
 * false when there is no more.
 */
bool tables_next_virtio(const void *table, size_t size, size_t *at,
                        struct tables_virtio *out);

/* Reads the value of a word virtio_mmio.device= of the kernel's command line:
 * SIZE@START:LINE, with K, M or G behind SIZE and 0x before START, and what
 * else is in the word after another colon. False for another text. */
bool tables_read_word(const char *text, struct tables_virtio *out);

HAL_DECLS_END

#endif /* HAL_X86_64_TABLES_H */
