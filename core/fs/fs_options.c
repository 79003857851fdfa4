/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/fs_options.c - contract in fs_options.h.
 */
#include "core/fs/fs_options.h"

#include "core/abi/errno.h"
#include "core/base/string.h"

int fs_options_parse(const char *options,
                     int (*take)(void *arg, const char *name,
                                 const char *value),
                     void *arg)
{
    char option[FS_OPTION_MAX];
    int error = 0;

    while (*options != '\0' && error == 0) {
        size_t size = 0, equals;

        while (options[size] != '\0' && options[size] != ',')
            size++;
        if (size >= sizeof(option))
            return -EINVAL;
        mem_copy(option, options, size);
        option[size] = '\0';
        options += size + (options[size] == ',');
        for (equals = 0; equals < size && option[equals] != '='; equals++)
            ;
        option[equals] = '\0';
        if (size > 0)
            error = take(arg, option, equals < size ? option + equals + 1 : "");
    }
    return error;
}

/* What a number's suffix multiplies it by; 0: there is no such suffix. */
static uint64_t factor_of(char suffix)
{
    switch (suffix) {
    case 'k':
    case 'K':
        return UINT64_C(1) << 10;
    case 'm':
    case 'M':
        return UINT64_C(1) << 20;
    case 'g':
    case 'G':
        return UINT64_C(1) << 30;
    default:
        return 0;
    }
}

int fs_option_size(const char *value, uint64_t whole, uint64_t *out)
{
    char digits[24];
    size_t size = str_length(value, sizeof(digits));
    uint64_t factor = 1, number;
    char suffix;

    if (size == 0 || size == sizeof(digits))
        return -EINVAL;
    (void)str_copy(digits, value, sizeof(digits));
    suffix = digits[size - 1];
    if (factor_of(suffix) != 0 || suffix == '%') {
        factor = suffix == '%' ? 1 : factor_of(suffix);
        digits[size - 1] = '\0';
    }
    if (str_to_u64(digits, UINT64_MAX, &number) != 0)
        return -EINVAL;
    if (suffix == '%') {
        if (whole == 0 || number > 1000)
            return -EINVAL;
        *out = whole / 100 * number;
        return 0;
    }
    return __builtin_mul_overflow(number, factor, out) ? -EINVAL : 0;
}

int fs_option_number(const char *value, uint64_t max, uint64_t *out)
{
    return str_to_u64(value, max, out) != 0 ? -EINVAL : 0;
}

int fs_option_octal(const char *value, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;

    if (*value == '\0')
        return -EINVAL;
    for (; *value != '\0'; value++) {
        if (*value < '0' || *value > '7' || number > max)
            return -EINVAL;
        number = number * 8 + (uint64_t)(*value - '0');
    }
    if (number > max)
        return -EINVAL;
    *out = number;
    return 0;
}
