/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/limits.h - bounds that user space may count on (pathconf(3),
 * execve(2), write(2)).
 */
#ifndef CORE_ABI_LIMITS_H
#define CORE_ABI_LIMITS_H

#define LX_PATH_MAX       4096 /* of a path, its NUL counted */
#define LX_NAME_MAX       255  /* of a component, without NUL */
#define LX_PIPE_BUF       4096
#define LX_ARG_MAX        131072 /* of the argument list, at the least */
#define LX_SYMLOOP_MAX    40 /* symbolic links followed (path_resolution(7)) */

/* The most bytes one read(2) or write(2) moves; more is cut to it. */
#define LX_RW_COUNT_MAX   0x7ffff000

/* execve(2): one argument string, its NUL counted. */
#define LX_MAX_ARG_STRLEN 131072

#endif /* CORE_ABI_LIMITS_H */
