/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/uaccess.c - hal/uaccess.h by a walk of the tables and a copy from
 * or to guest RAM, page by page. Each walk and its copy are a section that
 * hal_mmu_flush() waits out; no interrupt is taken inside.
 *
 * The bytes are moved by assembly: to sanitizers, user pages are poisoned and
 * what user code writes at the same time would be a race.
 */
#include "hal/uaccess.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "hal/hosted/engine.h"
#include "hal/hosted/seed.h"
#include "hal/phys.h"

/* Frames of user code stay poisoned. ASan does not see the instructions below;
 * Valgrind sees all there are, and is told to look away. */
#if CYPHERA_VALGRIND
#include <valgrind/valgrind.h>
#define LOOK_AWAY() VALGRIND_DISABLE_ERROR_REPORTING
#define LOOK_BACK() VALGRIND_ENABLE_ERROR_REPORTING
#else
#define LOOK_AWAY() ((void)0)
#define LOOK_BACK() ((void)0)
#endif

/* Bytes of a string taken at once; it may end in any of them. */
enum { STRING_CHUNK = 64 };

/* The kernel's pointer to a user byte that may be accessed so, or NULL. Valid
 * inside the section. */
static void *reach(uaddr_t addr, unsigned rights)
{
    struct hal_mmu *mmu = hosted_mmu_active();
    struct ptable_page page;

    if (mmu == NULL || addr >= HAL_USER_TOP)
        return NULL;
    if (!ptable_walk(&mmu->tables, addr, &page) ||
        (page.rights & rights) != rights)
        return NULL;
    ptable_touch(&mmu->tables, addr);
    return (char *)hal_phys(page.page) + addr % PAGE_SIZE;
}

static size_t left_in_page(uaddr_t addr)
{
    return PAGE_SIZE - addr % PAGE_SIZE;
}

static void fill_zero(void *to, size_t size)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0) : "memory");
}

/* One page's part of a call; exactly one of in, out is set, or none: clear. */
static bool move_part(uaddr_t addr, void *in, const void *out, size_t size)
{
    void *at;

    hosted_seed_charge();
    hosted_section_enter();
    at = reach(addr, in != NULL ? HAL_READ : HAL_WRITE);
    LOOK_AWAY();
    if (at != NULL) {
        if (in != NULL)
            hosted_copy(in, at, size);
        else if (out != NULL)
            hosted_copy(at, out, size);
        else
            fill_zero(at, size);
    }
    LOOK_BACK();
    hosted_section_leave();
    return at != NULL;
}

size_t hal_copy_in(void *to, uaddr_t from, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t part = min_size(size - done, left_in_page(from + done));

        if (!move_part(from + done, (char *)to + done, NULL, part))
            break;
        done += part;
    }
    return done;
}

size_t hal_copy_out(uaddr_t to, const void *from, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t part = min_size(size - done, left_in_page(to + done));

        if (!move_part(to + done, NULL, (const char *)from + done, part))
            break;
        done += part;
    }
    return done;
}

size_t hal_clear_out(uaddr_t to, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t part = min_size(size - done, left_in_page(to + done));

        if (!move_part(to + done, NULL, NULL, part))
            break;
        done += part;
    }
    return done;
}

size_t hal_string_in(char *to, uaddr_t from, size_t size, bool *ended)
{
    size_t done = 0;

    *ended = false;
    while (done < size) {
        size_t part = min_size(size - done, left_in_page(from + done));
        size_t end;

        part = min_size(part, STRING_CHUNK);
        if (!move_part(from + done, to + done, NULL, part))
            break;
        for (end = done + part; done < end; done++) {
            if (to[done] == '\0') {
                *ended = true;
                return done + 1;
            }
        }
    }
    return done;
}

int hal_user_load32(uaddr_t from, uint32_t *out)
{
    const uint32_t *at;
    uint32_t value = 0;

    ASSERT(from % sizeof(value) == 0);
    hosted_seed_charge();
    hosted_section_enter();
    at = reach(from, HAL_READ);
    LOOK_AWAY();
    if (at != NULL)
        __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(at) : "memory");
    LOOK_BACK();
    hosted_section_leave();
    if (at == NULL)
        return -EFAULT;
    *out = value;
    return 0;
}

int hal_user_cas32(uaddr_t addr, uint32_t *expected, uint32_t desired)
{
    uint32_t *at;
    uint32_t found = *expected;

    ASSERT(addr % sizeof(found) == 0);
    hosted_seed_charge();
    hosted_section_enter();
    at = reach(addr, HAL_WRITE);
    LOOK_AWAY();
    if (at != NULL)
        __asm__ volatile("lock cmpxchgl %2, (%1)"
                         : "+a"(found)
                         : "r"(at), "r"(desired)
                         : "memory", "cc");
    LOOK_BACK();
    hosted_section_leave();
    if (at == NULL)
        return -EFAULT;
    *expected = found;
    return 0;
}

void hal_copy_page(paddr_t to, paddr_t from)
{
    LOOK_AWAY();
    hosted_copy(hal_phys(to), hal_phys(from), PAGE_SIZE);
    LOOK_BACK();
}
