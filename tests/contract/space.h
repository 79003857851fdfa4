/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/space.h - a small address space with code, data and stack,
 * made by hand from hal/mmu.h, and running user code in it.
 */
#ifndef TESTS_CONTRACT_SPACE_H
#define TESTS_CONTRACT_SPACE_H

#include "core/abi/ptrace.h"
#include "core/mem/page.h"
#include "hal/mmu.h"
#include "hal/user.h"

#define SPACE_CODE  UINT64_C(0x400000) /* 2 pages, read and execute */
#define SPACE_DATA  UINT64_C(0x500000) /* 4 pages, read and write */
#define SPACE_CONST UINT64_C(0x600000) /* 1 page, read only */
#define SPACE_STACK UINT64_C(0x700000) /* 1 page below, read and write */
#define SPACE_HOLE  UINT64_C(0x900000) /* nothing */

struct space {
    struct hal_mmu *mmu;
    struct page *code, *data, *fixed, *stack;
};

/* Makes it, puts the test's user code in, and makes it the running thread's.
 * False, with failures counted, when that could not be. */
bool space_open(struct space *space);
void space_close(struct space *space);

/* Maps frames from page on; false: no memory. */
bool space_map(struct hal_mmu *mmu, uaddr_t at, paddr_t page, size_t count,
               unsigned rights);

/* Takes a range back and flushes. */
void space_unmap(struct hal_mmu *mmu, uaddr_t at, size_t count);

/* The user address of a label of user_code.S. */
uaddr_t space_label(const char *label);

/* hal_user_run() with interrupts as it wants them, and the check after it. */
void space_run(struct hal_user *user, struct hal_trap *trap);

/* Labels of user_code.S. */
extern const char user_code[], user_code_end[];
extern const char code_call[], code_trap[], code_read[], code_write[],
    code_jump[], code_spin[], code_break[], code_divide[], code_halt[],
    code_int80[], code_step[], code_fill[], code_dump[], code_string[],
    code_fill_spin[], code_fill_call[], code_watch[], code_await[];

#endif /* TESTS_CONTRACT_SPACE_H */
