/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/fuzz/fuzz_madt.c - any bytes as the ACPI table of CPUs and interrupt
 * controllers, held to what madt.h promises. There are no pieces here: the
 * byte of choices names the CPU that runs.
 */
#include <stdlib.h>
#include <string.h>

#include "hal/x86_64/madt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_cpus(const struct madt *madt)
{
    unsigned i, j;

    require(madt->cpu_count > 0 && madt->cpu_count <= HAL_CPUS_MAX);
    for (i = 0; i < madt->cpu_count; i++) {
        require(madt->cpus[i].apic_id < MADT_APIC_IDS);
        for (j = 0; j < i; j++)
            require(madt->cpus[i].apic_id != madt->cpus[j].apic_id);
    }
}

static void check_rest(const struct madt *madt)
{
    unsigned i;

    require(madt->io_apic_count > 0);
    require(madt->io_apic_count <= MADT_IO_APICS_MAX);
    require(madt->nmi_count <= MADT_NMIS_MAX);
    for (i = 0; i < madt->nmi_count; i++) {
        require(madt->nmis[i].pin < MADT_PINS);
        require(madt_find_nmi(madt, madt->nmis[i].uid, madt->nmis[i].pin) !=
                NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct madt madt;
    uint8_t *table;

    if (size < 2)
        return 0;
    /* Memory of its own, so that ASan sees a step over either edge. */
    table = malloc(size - 1);
    require(table != NULL);
    memcpy(table, data + 1, size - 1);
    if (madt_parse(&madt, table, size - 1)) {
        check_cpus(&madt);
        check_rest(&madt);
        madt_put_first(&madt, data[0] % MADT_APIC_IDS);
        require(madt.cpus[0].apic_id == data[0] % MADT_APIC_IDS);
        check_cpus(&madt);
    }
    free(table);
    return 0;
}
