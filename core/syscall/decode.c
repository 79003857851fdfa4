/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/decode.c - the generated data of the strace decoder.
 */
#include "core/syscall/decode.h"

#include "core/syscall/calls.h"

#include "core/syscall/decode.inc"

_Static_assert(COUNT_OF(class_names) <= 8, "classes are bits of a byte");

const struct decode_call *decode_find_call(uint64_t number)
{
    if (number >= SYSCALL_COUNT || calls[number].name == NULL)
        return NULL;
    return &calls[number];
}

const struct decode_error *decode_find_error(uint64_t number)
{
    if (number >= COUNT_OF(errors) || errors[number].name == NULL)
        return NULL;
    return &errors[number];
}

const struct decode_set *decode_signals(void)
{
    return &decode_sets[SET_SIGNAL];
}

const struct decode_set *decode_file_modes(void)
{
    return &decode_sets[SET_FILEMODE];
}

const char *decode_class_name(unsigned index)
{
    return index < COUNT_OF(class_names) ? class_names[index] : NULL;
}
