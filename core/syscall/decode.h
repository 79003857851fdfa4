/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/decode.h - what is known of each system call's arguments.
 *
 * The data is made from core/abi/syscalls.tbl, whose head tells what the types
 * mean, and from core/abi/errno.tbl. It is constant.
 */
#ifndef CORE_SYSCALL_DECODE_H
#define CORE_SYSCALL_DECODE_H

#include "core/base/defs.h"

enum {
    DECODE_ARGS_MAX = 6,
    DECODE_BY_RESULT = DECODE_ARGS_MAX, /* in place of an argument's index */
    DECODE_NO_PROTOTYPE = 255,          /* in place of a count of arguments */
    DECODE_LAYOUT_MAX = 256             /* bytes of a struct */
};

enum decode_type {
    ARG_INT,
    ARG_UINT,
    ARG_HEX,
    ARG_MODE,
    ARG_LONG,
    ARG_ULONG,
    ARG_LHEX,
    ARG_SIZE,
    ARG_OFF,
    ARG_FD,
    ARG_DIRFD,
    ARG_PID,
    ARG_UID,
    ARG_GID,
    ARG_SIGNAL,
    ARG_PTR,
    ARG_PATH,
    ARG_STR,
    ARG_IN,
    ARG_OUT,
    ARG_IOVIN,
    ARG_IOVOUT,
    ARG_STRUCT_IN,
    ARG_STRUCT_OUT,
    ARG_FLAGS,
    ARG_LFLAGS,
    ARG_ONE,
    ARG_NONE
};

enum decode_field_type {
    FIELD_U16,
    FIELD_U32,
    FIELD_U64,
    FIELD_I32,
    FIELD_I64,
    FIELD_PTR,
    FIELD_RLIMIT,
    FIELD_FILEMODE
};

/* What one argument is. */
struct decode_arg {
    uint8_t type; /* enum decode_type */
    uint8_t of;   /* the argument that counts, or index of set or layout */
};

struct decode_call {
    const char *name; /* NULL: no such call */
    uint8_t classes;  /* a bit for each of class_names */
    uint8_t result;   /* enum decode_type */
    uint8_t count;    /* of args, or DECODE_NO_PROTOTYPE */
    bool at_entry;
    struct decode_arg args[DECODE_ARGS_MAX];
};

/* Stands for (word & mask) == value; what it says is taken off the word. */
struct decode_name {
    uint64_t value;
    uint64_t mask;
    const char *name;
};

struct decode_set {
    const struct decode_name *names;
    size_t count;
};

struct decode_field {
    const char *name;
    uint16_t offset;
    uint8_t type; /* enum decode_field_type */
};

struct decode_layout {
    const struct decode_field *fields;
    uint8_t count;
    uint16_t size;
    bool more; /* fields that are not shown */
};

struct decode_error {
    const char *name;
    const char *text;
};

extern const struct decode_layout decode_layouts[];
extern const struct decode_set decode_sets[];

C_DECLS_BEGIN

/* The call of that number; NULL when Linux does not have it. */
const struct decode_call *decode_find_call(uint64_t number);

/* The errno of that number; NULL when Linux does not have it. */
const struct decode_error *decode_find_error(uint64_t number);

/* The signals, as a set of single values. */
const struct decode_set *decode_signals(void);

/* Types of files and the bits above the permissions, as mode_t has them. */
const struct decode_set *decode_file_modes(void);

/* The name of the class that has bit 1 << index in decode_call.classes; NULL
 * from the first index on that no class has. */
const char *decode_class_name(unsigned index);

C_DECLS_END

#endif /* CORE_SYSCALL_DECODE_H */
