/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/string.c - contract in string.h.
 */
#include "core/base/string.h"

#include "core/abi/errno.h"

size_t str_length(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n] != '\0')
        n++;
    return n;
}

bool str_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

bool str_starts(const char *s, const char *prefix)
{
    while (*prefix != '\0') {
        if (*s != *prefix)
            return false;
        s++;
        prefix++;
    }
    return true;
}

size_t str_copy(char *to, const char *s, size_t size)
{
    size_t length = str_length(s, SIZE_MAX);
    size_t part = min_size(length, size - 1);

    ASSERT(size > 0);
    mem_copy(to, s, part);
    to[part] = '\0';
    return length;
}

unsigned str_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

int str_to_u64(const char *s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    bool is_over = false;
    unsigned base = 10;

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    } else if (s[0] == '0') {
        base = 8;
    }
    if (*s == '\0')
        return -EINVAL;
    for (; *s != '\0'; s++) {
        unsigned digit = str_digit(*s);

        if (digit >= base)
            return -EINVAL;
        is_over = is_over || __builtin_mul_overflow(value, base, &value) ||
                  __builtin_add_overflow(value, digit, &value);
    }
    if (is_over || value > max)
        return -ERANGE;
    *out = value;
    return 0;
}
