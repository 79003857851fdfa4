/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/libc.c - the four functions that the compiler calls by itself
 * (GCC manual, "Language Standards Supported by GCC", freestanding).
 *
 * String instructions move eight bytes a step; a short copy is a few single
 * steps. Built without link-time optimisation, which would not see the calls
 * the compiler adds later.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
    void *at = to;
    size_t words = size / 8;

    size %= 8;
    __asm__ volatile("rep movsq\n\t"
                     "movq %3, %2\n\t"
                     "rep movsb"
                     : "+D"(at), "+S"(from), "+&c"(words)
                     : "r"(size)
                     : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *last_to = (uint8_t *)to + size - 1;
    const uint8_t *last_from = (const uint8_t *)from + size - 1;

    /* Forwards is right unless the end of from would be overwritten. */
    if ((uintptr_t)to - (uintptr_t)from >= size)
        return memcpy(to, from, size);
    __asm__ volatile("std\n\t"
                     "rep movsb\n\t"
                     "cld"
                     : "+D"(last_to), "+S"(last_from), "+c"(size)
                     :
                     : "memory");
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    void *at = to;
    size_t words = size / 8;
    uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);

    size %= 8;
    __asm__ volatile("rep stosq\n\t"
                     "movq %3, %1\n\t"
                     "rep stosb"
                     : "+D"(at), "+&c"(words)
                     : "a"(pattern), "r"(size)
                     : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *p = a;
    const uint8_t *q = b;

    for (; size >= 8; size -= 8, p += 8, q += 8) {
        uint64_t x, y;

        __builtin_memcpy(&x, p, sizeof(x));
        __builtin_memcpy(&y, q, sizeof(y));
        if (x != y)
            break;
    }
    for (; size > 0; size--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}
