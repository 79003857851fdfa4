/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec_script.h - the first line of an interpreter script
 * (execve(2), "Interpreter scripts").
 */
#ifndef CORE_PROC_EXEC_SCRIPT_H
#define CORE_PROC_EXEC_SCRIPT_H

#include "core/base/defs.h"

enum { EXEC_HEAD = 256 }; /* bytes of a file that are looked at */

/* Pieces of the head of a script. */
struct exec_script {
    const char *interpreter;
    size_t interpreter_length;
    const char *argument; /* NULL: none */
    size_t argument_length;
};

C_DECLS_BEGIN

/* Does a file with this head, of size bytes, begin with "#!"? */
bool exec_script_is(const char *head, size_t size);

/*
 * Reads the line of head, size bytes (at most EXEC_HEAD), the first two "#!".
 * 0, or -ENOEXEC: it names no interpreter, or the name does not end in the
 * head. An argument that does not is cut.
 */
MUST_USE int exec_script_parse(const char *head, size_t size,
                               struct exec_script *out);

C_DECLS_END

#endif /* CORE_PROC_EXEC_SCRIPT_H */
