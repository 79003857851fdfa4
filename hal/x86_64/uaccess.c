/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/uaccess.c - hal/uaccess.h.
 *
 * Plain instructions on user addresses, with fix-ups where they may fault. A
 * fault in an eight-byte step goes on in single bytes, so that the first byte
 * out of reach is found exactly.
 */
#include "hal/uaccess.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "hal/mmu.h"
#include "hal/phys.h"
#include "hal/x86_64/extable.h"

/* How much of size bytes at addr lies under HAL_USER_TOP. */
static size_t clamp(uaddr_t addr, size_t size)
{
    if (addr >= HAL_USER_TOP)
        return 0;
    return min_size(size, HAL_USER_TOP - addr);
}

/* Copies size bytes either way; returns how many are left. */
static size_t copy(uint64_t to, uint64_t from, size_t size)
{
    size_t left = size / 8;
    size_t tail = size % 8;

    __asm__ volatile(STAC_OR_NOP
                     "1:\trep movsq\n\t"
                     "movq %[tail], %%rcx\n"
                     "2:\trep movsb\n"
                     "3:\n\t" CLAC_OR_NOP ".pushsection .text.fixup, \"ax\"\n"
                     "4:\tleaq (%[tail], %%rcx, 8), %%rcx\n\t"
                     "jmp 2b\n\t"
                     ".popsection\n\t" EXTABLE(1b, 4b) EXTABLE(2b, 3b)
                     : "+&D"(to), "+&S"(from), "+&c"(left)
                     : [tail] "r"(tail)
                     : "memory");
    return left;
}

size_t hal_copy_in(void *to, uaddr_t from, size_t size)
{
    size = clamp(from, size);
    return size - copy((uint64_t)to, from, size);
}

size_t hal_copy_out(uaddr_t to, const void *from, size_t size)
{
    size = clamp(to, size);
    return size - copy(to, (uint64_t)from, size);
}

size_t hal_clear_out(uaddr_t to, size_t size)
{
    size_t left, tail;

    size = clamp(to, size);
    left = size / 8;
    tail = size % 8;
    __asm__ volatile(STAC_OR_NOP
                     "1:\trep stosq\n\t"
                     "movq %[tail], %%rcx\n"
                     "2:\trep stosb\n"
                     "3:\n\t" CLAC_OR_NOP ".pushsection .text.fixup, \"ax\"\n"
                     "4:\tleaq (%[tail], %%rcx, 8), %%rcx\n\t"
                     "jmp 2b\n\t"
                     ".popsection\n\t" EXTABLE(1b, 4b) EXTABLE(2b, 3b)
                     : "+&D"(to), "+&c"(left)
                     : [tail] "r"(tail), "a"(UINT64_C(0))
                     : "memory");
    return size - left;
}

/* The aligned word at from. Returns 0, or -EFAULT. */
static int load64(uaddr_t from, uint64_t *out)
{
    uint64_t value = 0;
    int error = 0;

    __asm__ volatile(STAC_OR_NOP
                     "1:\tmovq (%2), %1\n"
                     "2:\n\t" CLAC_OR_NOP EXTABLE_SET(1b, 2b, "%0", -EFAULT)
                     : "+&r"(error), "+&r"(value)
                     : "r"(from)
                     : "memory");
    *out = value;
    return error;
}

/* Has word a zero byte? */
static bool has_zero(uint64_t word)
{
    return ((word - UINT64_C(0x0101010101010101)) & ~word &
            UINT64_C(0x8080808080808080)) != 0;
}

/* Moves the bytes of word from byte skip on, up to a NUL or size of them.
 * Returns how many; the last tells whether a NUL ended them. */
static size_t take_bytes(char *to, uint64_t word, size_t skip, size_t size)
{
    size_t done = 0;

    word >>= skip * 8;
    size = min_size(size, 8 - skip);
    while (done < size) {
        to[done] = (char)word;
        if (to[done++] == '\0')
            break;
        word >>= 8;
    }
    return done;
}

size_t hal_string_in(char *to, uaddr_t from, size_t size, bool *ended)
{
    size_t done = 0;

    *ended = false;
    size = clamp(from, size);
    while (done < size && !*ended) {
        size_t skip = (from + done) % 8;
        uint64_t word;

        /* An aligned word lies in one page: all of it faults or nothing. */
        if (load64(from + done - skip, &word) != 0)
            break;
        if (skip == 0 && size - done >= sizeof(word) && !has_zero(word)) {
            __builtin_memcpy(to + done, &word, sizeof(word));
            done += sizeof(word);
            continue;
        }
        done += take_bytes(to + done, word, skip, size - done);
        *ended = to[done - 1] == '\0';
    }
    return done;
}

int hal_user_load32(uaddr_t from, uint32_t *out)
{
    uint32_t value = 0;
    int error = 0;

    if (from > HAL_USER_TOP - sizeof(value))
        return -EFAULT;
    __asm__ volatile(STAC_OR_NOP
                     "1:\tmovl (%2), %1\n"
                     "2:\n\t" CLAC_OR_NOP EXTABLE_SET(1b, 2b, "%0", -EFAULT)
                     : "+&r"(error), "+&r"(value)
                     : "r"(from)
                     : "memory");
    if (error == 0)
        *out = value;
    return error;
}

int hal_user_cas32(uaddr_t addr, uint32_t *expected, uint32_t desired)
{
    uint32_t value = *expected;
    int error = 0;

    if (addr > HAL_USER_TOP - sizeof(value))
        return -EFAULT;
    __asm__ volatile(STAC_OR_NOP
                     "1:\tlock cmpxchgl %3, (%2)\n"
                     "2:\n\t" CLAC_OR_NOP EXTABLE_SET(1b, 2b, "%0", -EFAULT)
                     : "+&r"(error), "+&a"(value)
                     : "r"(addr), "r"(desired)
                     : "memory");
    if (error == 0)
        *expected = value;
    return error;
}

void hal_copy_page(paddr_t to, paddr_t from)
{
    void *at = hal_phys(to);
    const void *source = hal_phys(from);
    size_t words = PAGE_SIZE / 8;

    __asm__ volatile("rep movsq"
                     : "+D"(at), "+S"(source), "+c"(words)
                     :
                     : "memory");
}
